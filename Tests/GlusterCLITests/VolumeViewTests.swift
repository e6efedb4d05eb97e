import DRKit
import Foundation
import GlusterFiles
import Testing

@testable import GlusterCLI

@Suite("A volume seen through a directory descriptor")
struct VolumeViewTests {
  private func withView<T>(_ body: (GlusterVolumeView, String) async throws -> T) async throws -> T {
    try await withDirectory { directory in
      let view = try GlusterVolumeView(directory: directory)
      let result = try await body(view, directory)
      await view.close()
      return result
    }
  }

  private func status(_ path: String) -> stat {
    var status = stat()
    #expect(lstat(path, &status) == 0)
    return status
  }

  @Test func smallFilesAreReplacedReadAndRemoved() async throws {
    try await withView { view, directory in
      #expect(try await view.read("images/a/x.meta") == nil)
      try await view.replace("images/a/x.meta", with: Array("one".utf8))
      #expect(try await view.read("images/a/x.meta") == Array("one".utf8))
      #expect(try await view.size(of: "images/a/x.meta") == 3)
      try await view.replace("images/a/x.meta", with: [])
      #expect(try await view.read("images/a/x.meta") == [])
      #expect(try await view.list("images/a") == ["x.meta"])
      try await view.remove("images/a/x.meta")
      try await view.remove("images/a/x.meta")
      try await view.remove("nowhere/x")
      #expect(try await view.list("images/a") == [])
      #expect(try await view.list("images/b") == nil)
      #expect(try await view.list("") == ["images"])
      #expect(try await view.list(".") == ["images"])
      #expect(FileManager.default.fileExists(atPath: directory + "/images/a"))
    }
  }

  @Test("Owner and mode are kept; a new file and directory follow the directory above")
  func ownerAndMode() async throws {
    try await withView { view, directory in
      let isRoot = geteuid() == 0
      #expect(chmod(directory, 0o2775) == 0)
      if isRoot { #expect(chown(directory, 36, 36) == 0) }
      try await view.replace("d/f", with: [1])
      #expect(status(directory + "/d").st_mode & 0o7777 == 0o2775)
      #expect(status(directory + "/d/f").st_mode & 0o7777 == 0o644)
      if isRoot { #expect(status(directory + "/d/f").st_uid == 36 && status(directory + "/d").st_gid == 36) }
      #expect(chmod(directory + "/d/f", 0o660) == 0)
      if isRoot { #expect(chown(directory + "/d/f", 107, 36) == 0) }
      try await view.replace("d/f", with: [2, 3])
      let after = status(directory + "/d/f")
      #expect(after.st_mode & 0o7777 == 0o660 && after.st_size == 2)
      if isRoot { #expect(after.st_uid == 107 && after.st_gid == 36) }
    }
  }

  @Test("What an earlier crash left behind is not built on")
  func leftOver() async throws {
    try await withView { view, directory in
      try Data("garbage that is longer".utf8).write(to: URL(fileURLWithPath: directory + "/f.new"))
      try await view.replace("f", with: Array("x".utf8))
      #expect(try await view.list("") == ["f"])
      #expect(try await view.read("f") == Array("x".utf8))
    }
  }

  @Test(arguments: [
    "", "/etc/passwd", "..", "a/../b", "a/..", "./a", "a//b", "a/", "a\u{0}b",
    String(repeating: "x", count: 256),
  ])
  func pathsThatLeaveTheVolumeAreRefused(_ path: String) async throws {
    try await withView { view, _ in
      #expect(await kind { () throws(DRError) in try await view.read(path) } == .unfit)
      #expect(await kind { () throws(DRError) in try await view.replace(path, with: []) } == .unfit)
      #expect(await kind { () throws(DRError) in try await view.remove(path) } == .unfit)
      #expect(await kind { () throws(DRError) in try await view.digest(of: path) } == .unfit)
    }
  }

  @Test("Symbolic links are not followed, and special files not opened for good")
  func links() async throws {
    try await withView { view, directory in
      #expect(symlink("/etc", directory + "/out") == 0)
      #expect(symlink("/etc/passwd", directory + "/file") == 0)
      #expect(mkfifo(directory + "/fifo", 0o600) == 0)
      for path in ["out/passwd", "file", "fifo", "out"] {
        #expect(await kind { () throws(DRError) in try await view.read(path) } == .refused, "\(path)")
        #expect(await kind { () throws(DRError) in try await view.digest(of: path) } == .refused, "\(path)")
        #expect(await kind { () throws(DRError) in try await view.size(of: path) } == .refused, "\(path)")
      }
      #expect(await kind { () throws(DRError) in try await view.list("out") } == .refused)
      #expect(await kind { () throws(DRError) in try await view.replace("out/x", with: []) } == .refused)
      #expect(await kind { () throws(DRError) in try await view.replace("file", with: []) } == .refused)
      #expect(await kind { () throws(DRError) in try await view.remove("out/passwd") } == .refused)
      // The link itself may go.
      try await view.remove("file")
      #expect(FileManager.default.fileExists(atPath: "/etc/passwd"))
    }
  }

  @Test("Digests are SHA-256 of the whole file", arguments: [0, 1, 1 << 20, (1 << 20) + 1, 3_333_333])
  func digests(_ size: Int) async throws {
    try await withView { view, directory in
      var bytes = [UInt8](repeating: 0, count: size)
      for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 8) }
      try Data(bytes).write(to: URL(fileURLWithPath: directory + "/disk"))
      let sum = try await SubprocessRunner().run(Command("sha256sum", [directory + "/disk"]))
      let wanted = String(sum.text.prefix(64))
      #expect(try await view.digest(of: "disk") == FileDigest(size: Int64(size), sha256: wanted))
      #expect(try await view.digest(of: "nothing") == nil)
    }
  }

  @Test func aFileLargerThanOneMebibyteIsNotReadWhole() async throws {
    try await withView { view, directory in
      try Data(count: 1 << 20).write(to: URL(fileURLWithPath: directory + "/limit"))
      #expect(try await view.read("limit")?.count == 1 << 20)
      try Data(count: (1 << 20) + 1).write(to: URL(fileURLWithPath: directory + "/more"))
      #expect(await kind { () throws(DRError) in try await view.read("more") } == .refused)
    }
  }

  @Test func namesAreSortedByTheirBytes() async throws {
    try await withView { view, directory in
      for name in ["b", "a", "Z", "ä", "a.meta", ".hidden"] {
        try Data().write(to: URL(fileURLWithPath: directory + "/" + name))
      }
      #expect(try await view.list("") == [".hidden", "Z", "a", "a.meta", "b", "ä"])
    }
  }

  @Test func spaceIsWhatTheFileSystemSays() async throws {
    try await withView { view, _ in
      let space = try await view.space()
      #expect(space.total > 0 && space.available >= 0 && space.available <= space.total)
    }
  }

  @Test func aClosedViewSaysSo() async throws {
    try await withView { view, _ in
      await view.close()
      await view.close()
      #expect(await kind { () throws(DRError) in try await view.space() } == .unfit)
    }
  }

  @Test("The directory may be gone from the name space: the descriptor is enough")
  func detached() async throws {
    try await withDirectory { directory in
      let inner = directory + "/mount"
      #expect(mkdir(inner, 0o700) == 0)
      let view = try GlusterVolumeView(directory: inner)
      try await view.replace("a/f", with: [1])
      #expect(rename(inner, directory + "/elsewhere") == 0)
      try await view.replace("a/f", with: [2])
      #expect(try await view.read("a/f") == [2])
      await view.close()
    }
  }

  @Test("An error names the volume before the path")
  func labelled() async throws {
    try await withDirectory { directory in
      #expect(mkdir(directory + "/d", 0o755) == 0)
      let files = VolumeFiles(handle: try DirectoryHandle(path: directory))
      let view = GlusterVolumeView(files, of: "b1:/data-dr", deadline: .seconds(60))
      let wrong = await #expect(throws: DRError.self) { try await view.read("d") }
      #expect(wrong?.subject == "b1:/data-dr/d")
      await view.close()
      let closed = await #expect(throws: DRError.self) { try await view.space() }
      #expect(closed?.subject == "b1:/data-dr")
    }
  }

  @Test("Errors of a content that can't be had disprove; others pass or refuse")
  func errnos() {
    func content(_ code: Int32) -> DRError.Kind {
      FileFailure.content("digest", "f", code, at: 5, isCopy: true).kind
    }
    #expect([EROFS, EIO, ENOENT].map(content) == [.disproved, .disproved, .disproved])
    #expect([ENOTCONN, ESTALE, ETIMEDOUT].map(content) == [.transient, .transient, .transient])
    func original(_ code: Int32) -> DRError {
      FileFailure.content("digest", "f", code, at: 5, isCopy: false)
    }
    #expect([EIO, ENOTCONN, ESTALE].map(original).map(\.kind) == [.transient, .transient, .transient])
    #expect([EROFS, ENOENT].map(original).map(\.kind) == [.disproved, .disproved])
    #expect(!original(EROFS).remedy.contains("reset-sync-time"))
    func call(_ code: Int32) -> DRError.Kind { FileFailure.error("remove", "f", code).kind }
    #expect([EROFS, EACCES, ENOSPC, ELOOP].map(call) == [.refused, .refused, .refused, .refused])
    #expect([ENOTCONN, EIO, ESTALE].map(call) == [.transient, .transient, .transient])
    #expect(FileFailure.error("remove", "f", EROFS).remedy.contains("features.read-only off"))
  }

  @Test("A call that hangs is given up, and the mount with it; cancellation is heard at once")
  func hanging() async throws {
    // Nothing lets the calls go before both verdicts are in: they did not wait for them.
    let gate = DispatchSemaphore(value: 0)
    let thread = FileThread(deadline: .milliseconds(200))
    let late = await kind { () throws(DRError) in
      try await thread.perform("read", "f") { () throws(DRError) in gate.wait() }
    }
    #expect(late == .transient)
    let dead = await kind { () throws(DRError) in
      try await thread.perform("read", "f") { () throws(DRError) in 1 }
    }
    #expect(dead == .transient)
    let other = FileThread(deadline: .seconds(60))
    let task = Task {
      await kind { () throws(DRError) in
        try await other.perform("read", "f") { () throws(DRError) in gate.wait() }
      }
    }
    try await Task.sleep(for: .milliseconds(100))
    task.cancel()
    #expect(await task.value == .stopped)
    gate.signal()
    gate.signal()
  }
}
