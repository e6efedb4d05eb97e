import DRKit
import Testing

@testable import GlusterCLI

@Suite("Commands on another host")
struct SSHRunnerTests {
  static let nasty = [
    "plain", "", " ", "a b", "'", "''", "it's", "\"", "$HOME", "$(id)", "`id`", "\\", "\\'", "a\nb", "\t",
    "*", "?", "~",
    "~root", "#x", "!x", "-n", "--", ";", "&", "|", "<", ">", "(", ")", "{a,b}", "[a]", "=", "ü", "日本",
    "\u{1}\u{7f}",
    "'; touch /tmp/pwned; '", "'\\''", "a'b'c", "%s", "\r", "\u{1b}[0m",
  ]

  @Test("A POSIX shell gives back every word as it was")
  func quoting() async throws {
    // printf's own `\0` separates; the words come after it.
    let line = "printf '%s\\0' " + SSHRunner.quoted(Self.nasty)
    let result = try await SubprocessRunner().run(Command("sh", ["-c", line]))
    #expect(
      result.text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init) == Self.nasty + [
        ""
      ])
  }

  @Test func oneArgumentCarriesTheCommand() async throws {
    let fake = FakeRunner(CommandResult(.exited(0)))
    let ssh = try SSHRunner(host: "b1.example.org", user: "root", options: ["-i", "/key"], through: fake)
    _ = try await ssh.run(
      Command("gluster", ["volume", "get", "it's"], deadline: .seconds(9), outputLimit: 5))
    let command = try #require(fake.commands.first)
    #expect(command.executable == "ssh")
    #expect(command.deadline == .seconds(9) && command.outputLimit == 5)
    #expect(Array(command.arguments.prefix(4)) == ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10"])
    // A banner on standard error would hide what a failure is told by.
    #expect(command.arguments.contains("LogLevel=ERROR"))
    #expect(
      Array(command.arguments.suffix(5)) == [
        "-i", "/key", "--", "root@b1.example.org", #"env LC_ALL=C gluster volume get 'it'\''s'"#,
      ])
  }

  @Test(arguments: ["", "-oProxyCommand=x", "a b", "a@b", "a\nb", "ü"])
  func namesThatSSHCouldMisreadAreRefused(_ name: String) {
    #expect(throws: DRError.self) { try SSHRunner(host: name) }
    #expect(throws: DRError.self) { try SSHRunner(host: "b1", user: name) }
  }

  @Test("ssh's own failures are told from the command's")
  func failures() async throws {
    let command = Command("gluster", ["--version"])
    func kind(_ exit: Int32, _ error: String, _ output: String = "") async throws -> DRError.Kind? {
      let result = CommandResult(.exited(exit), output: Array(output.utf8), errorOutput: Array(error.utf8))
      let ssh = try SSHRunner(host: "b1", through: FakeRunner(result))
      return await GlusterCLITests.kind { () throws(DRError) in try await ssh.run(command) }
    }
    #expect(try await kind(255, "ssh: connect to host b1 port 22: Connection refused\r\n") == .transient)
    #expect(try await kind(255, "") == .transient)
    #expect(try await kind(255, "root@b1: Permission denied (publickey).\n") == .unfit)
    #expect(try await kind(255, "Host key verification failed.\n") == .unfit)
    #expect(try await kind(127, "env: 'gluster': No such file or directory\n") == .unfit)
    // What the command itself says with 255 is the command's.
    #expect(try await kind(255, "geo-replication session is already Paused.\n", "command failed\n") == nil)
    #expect(try await kind(1, "Invalid option\n") == nil)
    #expect(try await kind(0, "") == nil)
  }
}
