import DRKit
import Foundation
import NIOSSL
import Testing

@testable import OVirtClient

/// Two private CAs and, signed by the first, certificates for 127.0.0.1 and for another name.
private struct Certificates {
  let directory: URL

  static let openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "drkit-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    for ca in ["a", "b"] {
      try run(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj",
        "/CN=ca-\(ca)", "-keyout", "ca-\(ca).key", "-out", "ca-\(ca).pem")
    }
    for (name, subject) in [("good", "IP:127.0.0.1,DNS:localhost"), ("other", "DNS:other.example")] {
      try run(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
        "-keyout",
        "\(name).key", "-out", "\(name).csr")
      try Data("subjectAltName=\(subject)\n".utf8).write(to: directory.appending(path: "\(name).ext"))
      try run(
        "x509", "-req", "-in", "\(name).csr", "-CA", "ca-a.pem", "-CAkey", "ca-a.key", "-CAcreateserial",
        "-days",
        "2", "-extfile", "\(name).ext", "-out", "\(name).pem")
    }
  }

  func remove() { try? FileManager.default.removeItem(at: directory) }

  func path(_ name: String) -> String { directory.appending(path: name).path }

  func context(_ name: String) throws -> NIOSSLContext {
    try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(path("\(name).pem")).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: path("\(name).key"), format: .pem))))
  }

  private func run(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(
      fileURLWithPath: try #require(Self.openssl, "no openssl: set DRKIT_SKIP_OPENSSL=1"))
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " "))")
  }
}

@Suite(
  "The transport's trust",
  .disabled(
    if: ProcessInfo.processInfo.environment["DRKIT_SKIP_OPENSSL"] == "1", "DRKIT_SKIP_OPENSSL is set"))
struct TLSTests {
  @Test("Each engine is trusted by its own CA and under its own name only") func trust() async throws {
    let certificates = try Certificates()
    defer { certificates.remove() }
    let good = try await MisbehavingServer(tls: try certificates.context("good")) { _, _ in
      MisbehavingServer.ok("{}")
    }
    let other = try await MisbehavingServer(tls: try certificates.context("other")) { _, _ in
      MisbehavingServer.ok("{}")
    }
    let a = CertificateAuthority.file(certificates.path("ca-a.pem"))
    let b = CertificateAuthority.file(certificates.path("ca-b.pem"))
    let untrusted = "its certificate is not signed by the configured CA, or has expired"
    let misnamed = "its certificate is for another host name"

    #expect(try await error("https://127.0.0.1:\(good.port)", a) == nil)
    #expect(try await error("https://localhost:\(good.port)", a) == nil)
    #expect(try await error("https://127.0.0.1:\(good.port)", b) == .tls(untrusted))
    #expect(try await error("https://127.0.0.1:\(good.port)", .system) == .tls(untrusted))
    #expect(try await error("https://127.0.0.1:\(other.port)", a) == .tls(misnamed))
    #expect(try await error("https://localhost:\(other.port)", a) == .tls(misnamed))
    #expect(good.requests.count == 2 && other.requests.isEmpty)
    await good.stop()
    await other.stop()
  }

  @Test("A server without TLS, and a CA file without a certificate, are named as such") func noTLS()
    async throws
  {
    let certificates = try Certificates()
    defer { certificates.remove() }
    let plain = try await MisbehavingServer { _, _ in MisbehavingServer.ok("{}") }
    let a = CertificateAuthority.file(certificates.path("ca-a.pem"))
    #expect(try await error("https://127.0.0.1:\(plain.port)", a) == .tls("it does not speak TLS"))
    await plain.stop()
    for name in ["nothing.pem", "good.key"] {
      let error = await #expect(throws: DRError.self) {
        try await self.error("https://127.0.0.1:1", .file(certificates.path(name)))
      }
      #expect(error?.kind == .unfit)
      #expect(error?.subject.hasSuffix(name) == true)
    }
  }

  @Test("A handshake that is cut is no question of trust: it is tried again")
  func cutHandshake() async throws {
    let certificates = try Certificates()
    defer { certificates.remove() }
    let busy = try await MisbehavingServer { _, _ in [.close] }
    let error = try await error(
      "https://127.0.0.1:\(busy.port)", .file(certificates.path("ca-a.pem")))
    #expect(error == .truncated("the connection was closed within the TLS handshake"))
    await busy.stop()
  }

  private func error(
    _ url: String, _ authority: CertificateAuthority
  ) async throws -> TransportError? {
    let transport = try AsyncHTTPTransport(
      address: try EngineAddress(url: url), authority: authority, deadline: .seconds(600))
    var thrown: TransportError?
    do throws(TransportError) {
      _ = try await transport.send(OVirtRequest(.get, "/x"))
    } catch {
      thrown = error
    }
    await transport.shutdown()
    return thrown
  }
}
