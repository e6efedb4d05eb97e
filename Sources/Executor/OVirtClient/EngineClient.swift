import AsyncHTTPClient
import DRKit
import Dispatch
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Whose signature makes an engine's certificate good.
public enum CertificateAuthority: Hashable, Sendable {
  /// The operating system's bundle.
  case system
  /// A PEM file with one or more CA certificates, and nothing else: the system's bundle is not trusted beside it.
  case file(String)
}

/// async-http-client, one client for one engine, so that each engine has its own trust. Both transports move their
/// bytes through it.
///
/// Host names are always verified. Redirects are never followed. It keeps no deadline over the body: `Outcome.within` does.
final class EngineClient: Sendable {
  private let client: HTTPClient
  private let deadline: TimeSpan
  private let bodyLimit: Int

  /// - Throws: `.unfit` if the CA file can't be read or holds no certificate.
  init(authority: CertificateAuthority, deadline: TimeSpan, bodyLimit: Int) throws(DRError) {
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

  func shutdown() async {
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

  /// One request, its whole reply. Ends at once when the task is cancelled.
  /// - Parameter url: absolute, and escaped.
  func load(
    method: String, url: String, headers: [OVirtRequest.Item], body: [UInt8]?
  ) async -> Outcome {
    var outgoing = HTTPClientRequest(url: url)
    outgoing.method = HTTPMethod(rawValue: method)
    for header in headers { outgoing.headers.add(name: header.name, value: header.value) }
    if let body { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
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

/// How one request ended.
typealias Outcome = Result<OVirtReply, TransportError>

extension Outcome {
  /// What every transport promises around its own work: the deadline covers the whole of it, a cancelled task gets
  /// `.cancelled`, and a redirect is an error.
  static func within(
    _ deadline: TimeSpan, _ work: @escaping @Sendable () async -> Outcome
  ) async throws(TransportError) -> OVirtReply {
    let outcome = await withTaskGroup(of: Outcome.self) { group in
      group.addTask { await work() }
      group.addTask {
        await expiry(of: deadline)
        return .failure(.timeout(deadline))
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

  /// Returns at the deadline, or when the task is cancelled. A cancelled `Task.sleep` stays with the runtime until its
  /// time has come, 0.7 kB for each request; a cancelled task of the event loop does not.
  private static func expiry(of deadline: TimeSpan) async {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let timer = loop.scheduleTask(in: .nanoseconds(max(0, deadline.nanoseconds))) {}
    await withTaskCancellationHandler {
      // Its only error is that it was cancelled.
      try? await timer.futureResult.get()
    } onCancel: {
      timer.cancel()
    }
  }
}
