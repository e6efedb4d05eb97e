import ArgumentParser
import DRKit
import Foundation
import OVirtClient

extension BenchCommand {
  struct Transport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Hold the engine transports to their memory rows, on a loopback HTTPS server.",
      discussion: """
        A 100 MB body, and many requests one after the other: memory and open files must not grow. Exit code 1 if a \
        row fails. Needs the program openssl for throw-away certificates. docs/transport.md has the other rows.

        Example:
          drctl bench transport --requests 10000
        """)

    @Option(help: "How many requests, 100 to 10000000.") var requests = 10_000
    @Option(help: "One transport only: urlsession or async-http-client.") var transport: String?

    private var kinds: [TransportKind] {
      transport.map { TransportKind(rawValue: $0).map { [$0] } ?? [] } ?? TransportKind.allCases
    }

    func validate() throws {
      guard (100...10_000_000).contains(requests) else {
        throw ValidationError("--requests takes 100 to 10000000")
      }
      guard !kinds.isEmpty else {
        let names = TransportKind.allCases.map(\.rawValue).joined(separator: " or ")
        throw ValidationError("--transport takes \(names)")
      }
    }

    func run() async throws {
      try await reporting {
        let directory = FileManager.default.temporaryDirectory.appending(
          path: "drkit-trial-\(ProcessInfo.processInfo.globallyUniqueString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let files = try Self.certificates(in: directory)
        var rows: [TransportTrial.Row] = []
        for kind in kinds { rows += try await TransportTrial.run(kind, requests: requests, files) }
        Console.out(
          Table.text(
            ["TRANSPORT", "ROW", "RIGHT", "MEMORY GREW", "MAY", "FILES GREW", ""],
            rows.map { row in
              [
                row.transport.rawValue, row.name, "\(row.passed) of \(row.wanted)",
                "\(row.growth / 1_024) KiB", "\(row.limit / 1_024) KiB", "\(row.descriptorGrowth)",
                row.isGood ? "ok" : "FAILED",
              ]
            }))
        if !rows.allSatisfy(\.isGood) { throw ExitCode(Exit.failed) }
      }
    }

    /// A CA for an hour or so and, signed by it, a certificate for 127.0.0.1.
    private static func certificates(in directory: URL) throws -> TransportTrial.Files {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
      try openssl(
        ["req", "-x509"] + key + ["-days", "1", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem"],
        directory)
      try openssl(
        ["req"] + key + ["-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr"], directory)
      try Data("subjectAltName=IP:127.0.0.1\n".utf8).write(to: directory.appending(path: "server.ext"))
      try openssl(
        [
          "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
          "-days",
          "1", "-extfile", "server.ext", "-out", "server.pem",
        ], directory)
      func path(_ name: String) -> String { directory.appending(path: name).path }
      return TransportTrial.Files(
        ca: path("ca.pem"), certificate: path("server.pem"), key: path("server.key"))
    }

    private static func openssl(_ arguments: [String], _ directory: URL) throws {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
      process.arguments = arguments
      process.currentDirectoryURL = directory
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      let unfit = DRError(
        .unfit, "make the trial's certificates", "/usr/bin/openssl", reason: "it can't be run, or failed",
        remedy: "Install openssl")
      do {
        try process.run()
      } catch {
        throw unfit
      }
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { throw unfit }
    }
  }
}
