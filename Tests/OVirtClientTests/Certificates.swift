import Foundation
import NIOSSL
import Testing

/// Two private CAs and, signed by `a`, certificates for 127.0.0.1 (`good`) and for another name (`other`); `good-b` is signed by `b`.
struct Certificates {
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
    let here = "IP:127.0.0.1,DNS:localhost"
    for (name, ca, subject) in [
      ("good", "a", here), ("other", "a", "DNS:other.example"), ("good-b", "b", here),
    ] {
      try run(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
        "-keyout",
        "\(name).key", "-out", "\(name).csr")
      try Data("subjectAltName=\(subject)\n".utf8).write(to: directory.appending(path: "\(name).ext"))
      try run(
        "x509", "-req", "-in", "\(name).csr", "-CA", "ca-\(ca).pem", "-CAkey", "ca-\(ca).key",
        "-CAcreateserial",
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
