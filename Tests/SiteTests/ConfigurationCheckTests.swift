import DRKit
import Foundation
import Testing

@testable import Site

@Suite("The check of a configuration")
struct ConfigurationCheckTests {
  /// A directory with a configuration that is fit, and a `bin` with the programs that it needs.
  private final class Place {
    let path: String
    var file: String { "\(path)/drkit.yaml" }
    var environment: [String: String] { ["PATH": "\(path)/bin"] }

    init(programs: [String] = ["mount", "mount.glusterfs", "ssh"]) throws {
      path = NSTemporaryDirectory() + "drkit-check-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: "\(path)/bin", withIntermediateDirectories: true)
      try put("drkit.yaml", ConfigurationTests.good, 0o644)
      try put("engine.password", "s3cret\n", 0o600)
      try put("ca.pem", "-----BEGIN CERTIFICATE-----\n", 0o644)
      for program in programs { try put("bin/\(program)", "#!/bin/sh\n", 0o755) }
    }

    func put(_ name: String, _ text: String, _ mode: Int) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
    }

    func unfit() -> [PreflightFinding] {
      ConfigurationCheck.findings(path: file, environment: environment).findings.filter { $0.grade == .unfit }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test("finds nothing against one that is fit, and makes no state file")
  func fit() throws {
    let place = try Place()
    #expect(place.unfit() == [])
    let all = ConfigurationCheck.findings(path: place.file, environment: place.environment)
    #expect(Set(all.findings.map(\.check)) == ["file", "secret", "ca", "state", "program"])
    #expect(all.configuration?.domains.map(\.name) == ["vms"])
    #expect(!FileManager.default.fileExists(atPath: "\(place.path)/drkit.sqlite"))
  }

  @Test("names file, line and key of one that can't be read")
  func unknownKey() throws {
    let place = try Place()
    try place.put("drkit.yaml", ConfigurationTests.good + "\n  retires: 3\n", 0o644)
    let found = place.unfit()
    #expect(found.map(\.check) == ["file"])
    #expect(found[0].text.contains("drkit.yaml:") && found[0].text.contains("retires"))
  }

  @Test("refuses one that others may write: it names programs that root runs")
  func writable() throws {
    let place = try Place()
    try place.put("drkit.yaml", ConfigurationTests.good, 0o664)
    #expect(place.unfit().map(\.remedy) == ["chmod go-w \(place.file)"])
  }

  @Test("refuses a secret that others may read, and does not say it")
  func secret() throws {
    let place = try Place()
    try place.put("engine.password", "s3cret\n", 0o644)
    let found = place.unfit()
    #expect(found.map(\.check) == ["secret"])
    #expect(found[0].text.contains("engine.password") && !"\(found)".contains("s3cret"))
  }

  @Test("refuses a certificate file without a certificate, or none at all")
  func authority() throws {
    let place = try Place()
    try place.put("ca.pem", "no\n", 0o644)
    #expect(place.unfit().map(\.check) == ["ca"])
    unlink("\(place.path)/ca.pem")
    #expect(place.unfit().map(\.check) == ["ca"])
  }

  @Test(
    "refuses a state in a directory that is not there, or that is no file")
  func state() throws {
    let place = try Place()
    func with(_ state: String) throws -> [PreflightFinding] {
      let text = ConfigurationTests.good.replacingOccurrences(of: "drkit.sqlite", with: state)
      try place.put("drkit.yaml", text, 0o644)
      return place.unfit()
    }
    #expect(try with("none/drkit.sqlite").map(\.remedy) == ["install -d -m 0700 \(place.path)/none"])
    #expect(try with("bin").map(\.check) == ["state"])
    #expect(try with("bin/drkit.sqlite") == [])
  }

  @Test(
    "refuses a state on a file system without shared memory, and warns of one that forgets",
    arguments: [
      ("/nowhere/state", nil), ("/nowhere/net/x", .unfit), ("/nowhere/net", .unfit),
      ("/nowhere/network", nil),
      ("/nowhere/a b/x", .unfit), ("/nowhere/net/local", nil), ("/nowhere/shm", .warning),
    ] as [(String, PreflightFinding.Grade?)])
  func fileSystems(_ directory: String, _ grade: PreflightFinding.Grade?) {
    let mounts = """
      21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
      30 21 0:40 / /nowhere/net rw - nfs4 server:/x rw
      31 21 0:41 / /nowhere/a\\040b rw master:1 - fuse.glusterfs a1:/data rw
      32 30 8:2 / /nowhere/net/local rw - xfs /dev/sdb rw
      33 21 0:42 / /nowhere/shm rw - tmpfs tmpfs rw
      broken line
      """
    #expect(StatePlace.complaint(directory, mounts: mounts)?.grade == grade)
  }

  @Test("names each program that is not installed, and the package that has it")
  func programs() throws {
    let place = try Place(programs: ["mount.glusterfs"])
    // Those that are installed in the fixed directories are found there.
    let missing = ["mount", "ssh"].filter { name in
      !["/usr/sbin", "/sbin"].contains { access("\($0)/\(name)", X_OK) == 0 }
    }
    #expect(place.unfit().map { $0.text.split(separator: " ").first.map(String.init) } == missing)
    #expect(place.unfit().contains { $0.remedy == "install openssh-client" })
  }
}
