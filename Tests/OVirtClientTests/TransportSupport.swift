import DRKit
import Foundation
import Synchronization
import Testing

@testable import OVirtClient

/// Where the deadline is not the subject it must not be what ends the request: simulator tests can hold every core for longer than
/// ten seconds.
let patience = TimeSpan.seconds(600)

/// The certificates of all transport tests of this process, made once: openssl takes longer for them than most tests take.
enum TestTLS {
  private static let made = Result {
    let certificates = try Certificates()
    leftover.withLock { $0 = certificates }
    atexit { TestTLS.leftover.withLock { $0 }?.remove() }
    return certificates
  }
  private static let leftover = Mutex<Certificates?>(nil)

  static func certificates() throws -> Certificates { try made.get() }

  /// `a` signed every certificate but `good-b`.
  static func authority(_ name: String = "a") throws -> CertificateAuthority {
    .file(try certificates().path("ca-\(name).pem"))
  }

  static let isSkipped = ProcessInfo.processInfo.environment["DRKIT_SKIP_OPENSSL"] == "1"
}

extension Trait where Self == ConditionTrait {
  /// A suite whose servers speak TLS.
  static var needsOpenSSL: Self { .disabled(if: TestTLS.isSkipped, "DRKIT_SKIP_OPENSSL is set") }
}

func makeTransport(
  _ kind: TransportKind, _ server: MisbehavingServer, deadline: TimeSpan = patience,
  bodyLimit: Int = 1_000_000
) throws -> any OVirtTransport {
  try makeTransport(kind, server.url, deadline: deadline, bodyLimit: bodyLimit)
}

/// One that trusts the CA `a`.
func makeTransport(
  _ kind: TransportKind, _ url: String, deadline: TimeSpan = patience, bodyLimit: Int = 1_000_000
) throws -> any OVirtTransport {
  try kind.make(
    address: try EngineAddress(url: url), authority: try TestTLS.authority(), deadline: deadline,
    bodyLimit: bodyLimit)
}

func outcome(_ transport: any OVirtTransport, _ request: OVirtRequest) async -> Outcome {
  do throws(TransportError) {
    return .success(try await transport.send(request))
  } catch {
    return .failure(error)
  }
}

/// What one `GET /x` gets from a server that does these steps, under TLS unless told otherwise.
func outcome(
  _ kind: TransportKind, of steps: [MisbehavingServer.Step], deadline: TimeSpan = patience,
  speaking speech: MisbehavingServer.Speech = .tls("good"), request: OVirtRequest = OVirtRequest(.get, "/x")
) async throws -> Outcome {
  let server = try await MisbehavingServer(speaking: speech) { _, _ in steps }
  let transport = try makeTransport(kind, server, deadline: deadline)
  let result = await outcome(transport, request)
  await transport.shutdown()
  await server.stop()
  return result
}
