import AsyncHTTPClient
import DRKit
import Dispatch
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Whose signature makes an engine's certificate good.
public enum CertificateAuthority: Hashable, Sendable {
  /// The operating system's bundle.
  case system
  /// A PEM file with one or more CA certificates, and nothing else: the system's bundle is not trusted beside it.
  case file(String)
}

/// The real transport: async-http-client, one client for one engine, so that each engine has its own trust.
///
/// Host names are always verified. Redirects are never followed. The deadline covers the whole request, body included
/// (the library's own covers no more than the way to the head).
public final class AsyncHTTPTransport: OVirtTransport {
  private let client: HTTPClient
  private let address: EngineAddress
  private let deadline: TimeSpan
  private let bodyLimit: Int

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
    self.bodyLimit = bodyLimit
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.certificateVerification = .fullVerification
    tls.minimumTLSVersion = .tlsv12
    tls.trustRoots = try Self.trustRoots(authority)
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
    configuration.redirectConfiguration = .disallow
    configuration.decompression = .disabled
    configuration.httpVersion = .http1Only
    configuration.timeout = .init(connect: .seconds(10))
    // Left on, a refused port is tried again until the connect time-out.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Below httpd's default KeepAliveTimeout of 5 s, so that no request is put on a connection about to be closed.
    configuration.connectionPool.idleTimeout = .seconds(4)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  deinit {
    // Only matters if `shutdown` was forgotten: the library traps in debug builds when a client is dropped unclosed.
    client.shutdown(queue: .global()) { _ in }
  }

  public func shutdown() async {
    // The library waits for handshakes in progress, up to their own time-out; a second is enough for clean good-byes.
    // Its only error is that it was shut down before.
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isOver = Mutex(false)
      let finish: @Sendable () -> Void = {
        let isFirst = isOver.withLock { over in
          defer { over = true }
          return !over
        }
        if isFirst { continuation.resume() }
      }
      client.shutdown(queue: .global()) { _ in finish() }
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(1), execute: finish)
    }
  }

  public func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
    let outcome = await withTaskGroup(of: Result<OVirtReply, TransportError>.self) { group in
      group.addTask { await self.perform(request) }
      group.addTask {
        try? await Task.sleep(nanoseconds: UInt64(max(0, self.deadline.nanoseconds)))
        return .failure(.timeout(self.deadline))
      }
      defer { group.cancelAll() }
      return await group.next() ?? .failure(.cancelled)
    }
    // Cancelled from outside, either child may have ended first.
    if Task.isCancelled { throw .cancelled }
    let reply = try outcome.get()
    if [301, 302, 303, 307, 308].contains(reply.status) {
      let target = reply.header("Location") ?? "nowhere"
      throw .redirected(to: String(target.prefix { $0 != "?" && $0 != "#" }.prefix(200)))
    }
    return reply
  }

  private func perform(_ request: OVirtRequest) async -> Result<OVirtReply, TransportError> {
    var outgoing = HTTPClientRequest(url: address.origin + request.target)
    outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
    for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
    if let body = request.body { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
    do {
      let response = try await client.execute(outgoing, timeout: .nanoseconds(deadline.nanoseconds))
      let buffer = try await response.body.collect(upTo: bodyLimit)
      return .success(
        OVirtReply(
          status: Int(response.status.code),
          headers: response.headers.map { OVirtRequest.Item($0.name, $0.value) },
          body: Array(buffer.readableBytesView)))
    } catch {
      return .failure(TransportFailure.translate(error, deadline: deadline, bodyLimit: bodyLimit))
    }
  }

  private static func trustRoots(_ authority: CertificateAuthority) throws(DRError) -> NIOSSLTrustRoots {
    guard case .file(let path) = authority else { return .default }
    let certificates: [NIOSSLCertificate]
    do {
      certificates = try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      throw DRError(
        .unfit, "read the engine's CA certificate", path, reason: "no PEM certificate can be read from it",
        remedy: "Fetch it: /ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA")
    }
    return .certificates(certificates)
  }
}
