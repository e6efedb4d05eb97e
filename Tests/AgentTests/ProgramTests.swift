import AgentProtocol
import DRKit
import Foundation
import Testing

@testable import Agent
@testable import GlusterCLI

/// The built program, run as ssh would run it.
@Suite("The program drkit-agent")
struct ProgramTests {
  private func agent(_ directory: String, rate: Int64? = nil) -> AgentDigest {
    AgentDigest(
      runner: SubprocessRunner(), program: BuiltAgent.path, source: .directory(directory), rate: rate,
      host: "here")
  }

  private func run(_ arguments: String...) async throws -> CommandResult {
    try await SubprocessRunner().run(Command(BuiltAgent.path, arguments, deadline: .seconds(60)))
  }

  @Test("is there and greets")
  func greets() async throws {
    try await agent("/").greet()
  }

  @Test("gives the digests that a view of the same directory gives", arguments: [nil, 3])
  func digests(_ sample: Int?) async throws {
    try await withDirectory { directory in
      try write(pattern(5_000_000), directory + "/disk")
      let plan = DigestPlan(block: 700_000, sample: sample.map { BlockSample(count: $0, seed: 9) })
      let view = try GlusterVolumeView(directory: directory)
      let wanted = try #require(try await view.digests(of: "disk", plan))
      #expect(wanted.blocks.count == sample ?? 8)
      #expect(try await agent(directory).digests(of: "disk", plan, size: 5_000_000) == wanted)
      let wrapped = AgentView(mount: view, agent: agent(directory))
      #expect(try await wrapped.digests(of: "disk", plan) == wanted)
      #expect(try await wrapped.digest(of: "disk") == view.digest(of: "disk"))
      #expect(try await wrapped.digests(of: "nothing", plan) == nil)
      #expect(try await agent(directory).digests(of: "nothing", plan, size: 0) == nil)
      await view.close()
    }
  }

  @Test("keeps to its rate")
  func rate() async throws {
    try await withDirectory { directory in
      try write(pattern(4 << 20), directory + "/disk")
      let began = MonotonicClock.nanoseconds
      let plan = DigestPlan(block: 1 << 20)
      _ = try await agent(directory, rate: 4 << 20).digests(of: "disk", plan, size: 4 << 20)
      // The last of four pieces may begin after three quarters of a second.
      #expect(MonotonicClock.nanoseconds - began >= 740_000_000)
    }
  }

  @Test("says what is wrong with a path, a directory, or itself")
  func errors() async throws {
    let plan = DigestPlan(block: 10)
    #expect(
      await kind { () throws(DRError) in try await agent("/").digests(of: "../x", plan, size: 1) } == .unfit)
    #expect(
      await kind { () throws(DRError) in try await agent("/nowhere").digests(of: "x", plan, size: 1) }
        == .unfit)
    #expect(
      await kind { () throws(DRError) in try await agent("/").digests(of: "dev/null", plan, size: 1) }
        == .refused)
    let nobody = AgentDigest(
      runner: SubprocessRunner(), program: "/nowhere/drkit-agent", source: .directory("/"), rate: nil,
      host: "here")
    #expect(await kind { () throws(DRError) in try await nobody.greet() } == .unfit)
    let volume = AgentDigest(
      runner: SubprocessRunner(), program: BuiltAgent.path, server: "no such host", volume: "data")
    #expect(await kind { () throws(DRError) in try await volume.digests(of: "x", plan, size: 1) } == .unfit)
  }

  @Test("ends with the exit codes that it promises")
  func exitCodes() async throws {
    try await withDirectory { directory in
      try write([1, 2, 3], directory + "/disk")
      let order = ["digest", "--block", "2", "--directory", directory, "--path"]
      func exit(_ words: [String]) async throws -> CommandResult.Status {
        try await SubprocessRunner().run(Command(BuiltAgent.path, words, deadline: .seconds(60))).status
      }
      #expect(try await exit(order + ["disk"]) == .exited(0))
      #expect(try await exit(order + ["nothing"]) == .exited(0))
      #expect(try await exit(order + ["../x"]) == .exited(1))
      #expect(try await exit(["listen"]) == .exited(64))
      #expect(try await exit([]) == .exited(64))
      let help = try await run("--help")
      #expect(help.isSuccess && help.text.contains("--sample COUNT --seed NUMBER"))
      let wrong = try await run("digest", "--directory", "/", "--path", "x", "--block", "64MiB")
      #expect(wrong.output.isEmpty && wrong.errorText.contains("64MiB"))
    }
  }

  @Test("ends when nobody listens any more")
  func nobodyListens() async throws {
    try await withDirectory { directory in
      try write(pattern(1 << 20), directory + "/disk")
      // A pipe whose reading end is closed.
      var pipes: [Int32] = [0, 0]
      #expect(pipe(&pipes) == 0)
      close(pipes[0])
      let code = AgentProgram.run(
        ["digest", "--block", "4096", "--directory", directory, "--path", "disk"], output: pipes[1])
      #expect(code == 74)
      close(pipes[1])
    }
  }
}

@Suite("The executor's side of an agent")
struct AgentDigestTests {
  private func result(_ status: CommandResult.Status, _ lines: [AgentLine] = [], _ error: String = "")
    -> CommandResult
  {
    CommandResult(status, output: lines.flatMap(\.bytes), errorOutput: Array(error.utf8))
  }

  private func failure(_ result: CommandResult) async -> DRError? {
    let agent = AgentDigest(runner: FakeRunner(.success(result)), server: "b1", volume: "data-dr")
    do throws(DRError) {
      _ = try await agent.digests(of: "f", TranscriptTests.plan, size: 35)
      return nil
    } catch { return error }
  }

  @Test("asks by argument vector, with a deadline that fits the bytes and the rate")
  func command() async throws {
    let fake = FakeRunner(.success(result(.exited(0), TranscriptTests.good)))
    let agent = AgentDigest(
      runner: fake, program: "/opt/drkit-agent", server: "b1", volume: "data-dr", rate: 1 << 20)
    #expect(
      try await agent.digests(of: "a b", TranscriptTests.plan, size: 36 << 20) == TranscriptTests.digests)
    let command = try #require(fake.commands.first)
    #expect(command.executable == "/opt/drkit-agent")
    #expect(
      command.arguments == [
        "digest", "--server", "b1", "--volume", "data-dr", "--block", "10", "--rate", "1048576", "--path",
        "a b",
      ])
    #expect(command.deadline == .minutes(10) + .seconds(36))
    #expect(command.outputLimit > 3_774_874 * 110)
  }

  @Test("tells an agent that is missing, silent, killed and of another kind apart")
  func failures() async {
    #expect(await failure(result(.exited(127), [], "bash: drkit-agent: command not found"))?.kind == .unfit)
    #expect(await failure(result(.exited(64), [], "drkit-agent: there is no option"))?.kind == .unfit)
    #expect(await failure(result(.signalled(9)))?.kind == .transient)
    #expect(await failure(result(.exited(255), [TranscriptTests.hello], "client_loop"))?.kind == .transient)
    #expect(await failure(result(.exited(0), Array(TranscriptTests.good.dropLast())))?.kind == .transient)
    let banner = CommandResult(.exited(0), output: Array("Welcome!\n".utf8))
    #expect(await failure(banner)?.kind == .malformed)
    #expect(await failure(banner)?.remedy.contains("login shell") == true)
    #expect(await failure(result(.exited(0), TranscriptTests.good)) == nil)
  }

  @Test("goes over ssh as one quoted command")
  func ssh() async throws {
    let fake = FakeRunner(.success(result(.exited(0), TranscriptTests.good)))
    let agent = AgentDigest(runner: try SSHRunner(host: "b1", through: fake), server: "b1", volume: "data-dr")
    _ = try await agent.digests(of: "it's", TranscriptTests.plan, size: 35)
    let words = try #require(fake.commands.first?.arguments)
    #expect(
      words.last
        == #"env LC_ALL=C drkit-agent digest --server b1 --volume data-dr --block 10 --path 'it'\''s'"#)
  }
}
