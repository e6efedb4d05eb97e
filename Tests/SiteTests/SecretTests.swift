import DRKit
import Foundation
import Testing

@testable import Site

@Suite("Secrets")
struct SecretTests {
  private func file(_ content: String, mode: Int) throws -> String {
    let path = NSTemporaryDirectory() + "drkit-secret-\(UUID().uuidString)"
    try Data(content.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return path
  }

  @Test("come from the first line of a file that only its owner can read")
  func fromFile() throws {
    let path = try file("s3cret\nrest\n", mode: 0o600)
    defer { unlink(path) }
    #expect(try SecretReference.file(path).resolve() == "s3cret")
  }

  @Test(
    "are not taken from a file that others can read, and never stand in the error",
    arguments: [0o644, 0o640, 0o604])
  func openFile(_ mode: Int) throws {
    let path = try file("s3cret\n", mode: mode)
    defer { unlink(path) }
    let error = try #require(throws: DRError.self) { try SecretReference.file(path).resolve() }
    #expect(error.kind == .unfit)
    #expect(error.description.contains("chmod 600"))
    #expect(!error.description.contains("s3cret"))
  }

  @Test("end where the line ends, however an editor ends it", arguments: ["\n", "\r\n", "\r\nrest\r\n", ""])
  func lineEnds(_ end: String) throws {
    let path = try file("s3cret" + end, mode: 0o600)
    defer { unlink(path) }
    #expect(try SecretReference.file(path).resolve() == "s3cret")
  }

  @Test("behind a link are judged by what it points to")
  func link() throws {
    for (mode, isGood) in [(0o600, true), (0o644, false)] {
      let path = try file("s3cret\n", mode: mode)
      let name = path + ".link"
      #expect(symlink(path, name) == 0)
      defer {
        unlink(path)
        unlink(name)
      }
      if isGood {
        #expect(try SecretReference.file(name).resolve() == "s3cret")
      } else {
        #expect(throws: DRError.self) { try SecretReference.file(name).resolve() }
      }
    }
  }

  @Test("that are missing are named")
  func missing() throws {
    let gone = try #require(throws: DRError.self) {
      try SecretReference.file("/nonexistent/secret").resolve()
    }
    #expect(gone.description.contains("/nonexistent/secret"))
    let unset = try #require(throws: DRError.self) {
      try SecretReference.environment("NOPE").resolve(environment: [:])
    }
    #expect(unset.description.contains("$NOPE"))
    #expect(try SecretReference.environment("YES").resolve(environment: ["YES": "x"]) == "x")
  }
}
