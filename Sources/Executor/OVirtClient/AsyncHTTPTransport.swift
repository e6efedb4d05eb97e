import DRKit

/// The plain transport: async-http-client behind the seam, and nothing of FoundationNetworking.
///
/// The deadline covers the whole request, body included (the library's own covers no more than the way to the head).
public final class AsyncHTTPTransport: OVirtTransport {
  private let client: EngineClient
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
  }

  public func shutdown() async { await client.shutdown() }

  public func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
    let client = client
    let url = address.origin + request.target
    return try await Outcome.within(deadline) {
      await client.load(
        method: request.method.rawValue, url: url, headers: request.headers, body: request.body)
    }
  }
}
