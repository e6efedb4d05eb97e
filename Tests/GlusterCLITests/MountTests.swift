import DRKit
import Foundation
import GlusterFiles
import Testing

@testable import GlusterCLI

/// The parts that need no Gluster; Tests/Lab has the rest.
@Suite("Mounting")
struct MountTests {
  private func mount(_ runner: FakeRunner, _ directory: String) throws -> GlusterMount {
    try GlusterMount(
      server: "a1", volume: "data", backupServers: ["a2", "a3"], runner: runner, directory: directory,
      logFile: "/tmp/x.log")
  }

  @Test("Mounting that only says it worked is noticed, and nothing stays behind")
  func nothingMounted() async throws {
    try await withDirectory { directory in
      let base = directory + "/mounts"
      let runner = FakeRunner(CommandResult(.exited(0)))
      let mount = try mount(runner, base)
      #expect(await kind { () throws(DRError) in try await mount.view() } == .transient)
      #expect(try FileManager.default.contentsOfDirectory(atPath: base) == [])
      let command = try #require(runner.commands.first)
      #expect(command.executable == "mount")
      #expect(Array(command.arguments.prefix(3)) == ["-t", "glusterfs", "-o"])
      #expect(command.arguments[3].contains("backup-volfile-servers=a2:a3"))
      #expect(!command.arguments[3].contains("client-pid"))
      #expect(command.arguments[4] == "a1:/data")
      #expect(command.arguments[5].hasPrefix(base + "/m-"))
    }
  }

  @Test func failuresAreToldApart() async throws {
    try await withDirectory { directory in
      for (text, wanted) in [
        ("Mount failed. Check the log file for more details.", DRError.Kind.transient),
        ("mount: /x: must be superuser to use mount.", .unfit),
        ("mount: unknown filesystem type 'glusterfs'.", .unfit),
      ] {
        let mount = try mount(FakeRunner(CommandResult(.exited(1), errorOutput: Array(text.utf8))), directory)
        #expect(await kind { () throws(DRError) in try await mount.view() } == wanted)
      }
      let stopped = try mount(FakeRunner { _, _ in .failure(.stopped) }, directory)
      #expect(await kind { () throws(DRError) in try await stopped.view() } == .stopped)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
    }
  }

  @Test("What a killed process left is swept; what a living one holds is not")
  func sweep() async throws {
    try await withDirectory { directory in
      #expect(FileManager.default.createFile(atPath: directory + "/m-1-0", contents: nil))
      #expect(mkdir(directory + "/m-1-0.d", 0o700) == 0)
      let held = try MountPoint(in: directory)
      #expect(!FileManager.default.fileExists(atPath: directory + "/m-1-0.d"))
      let second = try MountPoint(in: directory)
      #expect(FileManager.default.fileExists(atPath: held.path))
      #expect(second.path != held.path)
      held.detach()
      second.detach()
      second.detach()
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
    }
  }

  @Test(arguments: ["", "-o", "a b", "a;b", "$(x)", "a/b", "a,b"])
  func namesThatAShellScriptCouldMisreadAreRefused(_ name: String) {
    #expect(throws: DRError.self) { try GlusterMount(server: name, volume: "data") }
    #expect(throws: DRError.self) { try GlusterMount(server: "a1", volume: name) }
    #expect(throws: DRError.self) { try GlusterMount(server: "a1", volume: "data", backupServers: [name]) }
    #expect(throws: DRError.self) { try GlusterMount(server: "a1", volume: "data", directory: name) }
  }
}
