import DRKit
import Dispatch
import Foundation
import FoundationNetworking

/// The transport by `URLSession`: a session of its own for each engine, whose only protocol class is `EngineProtocol`.
/// So an engine's private CA is trusted for that engine alone, and no byte goes through libcurl.
///
/// Foundation's libcurl is linked all the same, by FoundationNetworking; docs/transport.md says what that means.
public final class URLSessionTransport: OVirtTransport {
  private let client: EngineClient
  private let route: EngineRoutes.Route
  private let session: URLSession
  private let queue = DispatchQueue(label: "drkit.transport")
  private let address: EngineAddress
  private let deadline: TimeSpan

  /// - Parameters:
  ///   - deadline: for one whole request, connecting included; more than zero.
  ///   - bodyLimit: most bytes of one reply's body.
  /// - Throws: `.unfit` if the CA file can't be read or holds no certificate.
  public init(
    address: EngineAddress, authority: CertificateAuthority, deadline: TimeSpan = .seconds(60),
    bodyLimit: Int = 64 << 20
  ) throws(DRError) {
    self.address = address
    self.deadline = deadline
    client = try EngineClient(authority: authority, deadline: deadline, bodyLimit: bodyLimit)
    route = EngineRoutes.add(client)
    let configuration = URLSessionConfiguration.ephemeral
    configuration.protocolClasses = [EngineProtocol.self]
    configuration.urlCache = nil
    configuration.urlCredentialStorage = nil
    configuration.httpCookieStorage = nil
    configuration.httpShouldSetCookies = false
    session = URLSession(configuration: configuration)
  }

  deinit { EngineRoutes.remove(route) }

  /// The session itself is not invalidated: a request that is made at that very moment would trap in Foundation, and
  /// without a delegate there is nothing to let go of. Its client is closed, so later requests fail.
  public func shutdown() async { await client.shutdown() }

  public func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
    guard let outgoing = urlRequest(request) else { throw .garbled("the request's URL can't be written") }
    let exchange = URLSessionExchange(outgoing, session, queue)
    return try await Outcome.within(deadline) { await exchange.outcome() }
  }

  private func urlRequest(_ request: OVirtRequest) -> URLRequest? {
    guard let url = URL(string: address.origin + request.target) else { return nil }
    var outgoing = URLRequest(url: url)
    outgoing.httpMethod = request.method.rawValue
    for header in request.headers { outgoing.addValue(header.value, forHTTPHeaderField: header.name) }
    outgoing.setValue(route.text, forHTTPHeaderField: EngineRoutes.header)
    if let body = request.body { outgoing.httpBody = Data(body) }
    return outgoing
  }
}
