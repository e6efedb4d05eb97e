import DRKit
import Synchronization
import Testing

@testable import GlusterCLI

@Suite("Commands on whichever node of a cluster answers")
struct ClusterRunnerTests {
  private static let refused = ssh255("ssh: connect to host a1 port 22: Connection refused\r\n")
  private static let noRoute = ssh255("ssh: connect to host a2 port 22: No route to host\r\n")
  private static let cutOff = ssh255("client_loop: send disconnect: Broken pipe\r\n")
  private static let fine = CommandResult(.exited(0), output: Array("fine".utf8))

  private static func ssh255(_ words: String) -> CommandResult {
    CommandResult(.exited(255), errorOutput: Array(words.utf8))
  }

  private static func failure(_ kind: DRError.Kind) -> Result<CommandResult, DRError> {
    .failure(DRError(kind, "run", "ssh", reason: "no answer within 150 s, killed"))
  }

  /// Nodes that answer as told, and what was sent to which.
  private final class Cluster: Sendable {
    let answers: Mutex<[String: Result<CommandResult, DRError>]>
    let asked = Mutex<[String]>([])
    let notes = Mutex<[String]>([])

    init(_ answers: [String: Result<CommandResult, DRError>]) { self.answers = Mutex(answers) }

    var log: [String] { asked.withLock { $0 } }
    func set(_ host: String, _ answer: CommandResult) { answers.withLock { $0[host] = .success(answer) } }

    func runner(_ hosts: [String]) throws -> ClusterRunner {
      let fake = FakeRunner { [self] command, _ in
        let host = command.arguments.dropLast().last.map { String($0.drop { $0 != "@" }.dropFirst()) } ?? ""
        asked.withLock { $0.append(host) }
        return answers.withLock { $0[host] } ?? .success(ClusterRunnerTests.fine)
      }
      return ClusterRunner(try hosts.map { try SSHRunner(host: $0, through: fake) }) { [self] note in
        notes.withLock { $0.append(note) }
      }
    }
  }

  private static let query = Command("gluster", ["volume", "info"], isQuery: true)
  private static let change = Command("gluster", ["volume", "geo-replication", "start"])

  @Test(
    "A node that can't be reached is passed over, for changes too: nothing ran there",
    arguments: [true, false])
  func notReached(_ isQuery: Bool) async throws {
    let cluster = Cluster(["a1": .success(Self.refused), "a2": .success(Self.noRoute)])
    let runner = try cluster.runner(["a1", "a2", "a3"])
    #expect(try await runner.run(isQuery ? Self.query : Self.change) == Self.fine)
    #expect(cluster.log == ["a1", "a2", "a3"])
    // The dead are asked no more while the third answers; when it does not, all are.
    #expect(try await runner.run(Self.change) == Self.fine)
    #expect(cluster.log == ["a1", "a2", "a3", "a3"])
    cluster.set("a3", Self.ssh255("ssh: connect to host a3 port 22: Connection timed out\r\n"))
    cluster.set("a1", Self.fine)
    #expect(try await runner.run(Self.change) == Self.fine)
    #expect(cluster.log.suffix(2) == ["a3", "a1"])
    #expect(
      cluster.notes.withLock { $0 } == [
        "a3 answers, after a1: ssh: connect to host a1 port 22: Connection refused; "
          + "a2: ssh: connect to host a2 port 22: No route to host",
        "a1 answers, after a3: ssh: connect to host a3 port 22: Connection timed out",
      ])
  }

  @Test("A change whose answer was lost is never sent to another node; a query is")
  func lost() async throws {
    for answer in [
      Result<CommandResult, DRError>.success(Self.cutOff), .success(Self.ssh255("")),
      Self.failure(.transient),
      .success(Self.ssh255("Connection to a1 closed by remote host.\r\n")),
      .success(Self.ssh255("Timeout, server a1 not responding.\r\n")),
      // Said about another host, by a command that ran: gluster's own ssh to the other site.
      .success(Self.ssh255("peer: \nssh: connect to host b1 port 22: Connection refused\n")),
    ] {
      let cluster = Cluster(["a1": answer])
      let runner = try cluster.runner(["a1", "a2"])
      #expect(await kind { () throws(DRError) in try await runner.run(Self.change) } == .transient)
      #expect(cluster.log == ["a1"])
      #expect(try await runner.run(Self.query) == Self.fine)
      #expect(cluster.log == ["a1", "a1", "a2"])
    }
  }

  @Test("What gluster says is an answer, whatever it says, and whatever the exit code")
  func glusterErrors() async throws {
    for answer in [
      CommandResult(.exited(1), errorOutput: Array("Connection failed. Please check if gluster daemon".utf8)),
      CommandResult(.exited(255), errorOutput: Array("geo-replication session is already Paused.".utf8)),
      CommandResult(.exited(0), output: Array("<opRet>-1</opRet>".utf8)), CommandResult(.signalled(9)),
    ] {
      let cluster = Cluster(["a1": .success(answer)])
      let runner = try cluster.runner(["a1", "a2"])
      #expect(try await runner.run(Self.query) == answer)
      #expect(cluster.log == ["a1"])
      #expect(cluster.notes.withLock { $0 } == ["a1 answers"])
    }
  }

  @Test("A node that does not let us in, or lacks the program, is passed over and named")
  func unfitNode() async throws {
    for (words, exit) in [
      ("root@a1: Permission denied (publickey).\r\n", Int32(255)),
      ("Host key verification failed.\r\n", 255), ("env: 'gluster': No such file or directory\n", 127),
    ] {
      let denied = CommandResult(.exited(exit), errorOutput: Array(words.utf8))
      let cluster = Cluster(["a1": .success(denied)])
      #expect(try await cluster.runner(["a1", "a2"]).run(Self.change) == Self.fine)
      #expect(cluster.notes.withLock { $0 }.first?.hasPrefix("a2 answers, after a1: ") == true)
    }
  }

  @Test("When none answers, the error names each; it may pass unless all refuse us")
  func silence() async throws {
    let denied = Self.ssh255("root@a1: Permission denied (publickey).\r\n")
    let both = try Cluster(["a1": .success(denied), "a2": .success(Self.noRoute)]).runner(["a1", "a2"])
    let error = await #expect(throws: DRError.self) { try await both.run(Self.change) }
    #expect(error?.kind == .transient)
    #expect(error?.reason.contains("a1: root@a1: Permission denied") == true, "\(error?.reason ?? "")")
    #expect(error?.reason.contains("a2: ssh: connect to host a2") == true)
    #expect(error?.remedy == "see that one of a1, a2 answers ssh")
    let none = try Cluster(["a1": .success(denied), "a2": .success(denied)]).runner(["a1", "a2"])
    #expect(await kind { () throws(DRError) in try await none.run(Self.query) } == .unfit)
  }

  @Test(
    "What is not the node's fault is passed on at once",
    arguments: [DRError.Kind.stopped, .unfit, .malformed])
  func ownFailures(_ wanted: DRError.Kind) async throws {
    let cluster = Cluster(["a1": Self.failure(wanted)])
    let runner = try cluster.runner(["a1", "a2"])
    #expect(await kind { () throws(DRError) in try await runner.run(Self.query) } == wanted)
    #expect(cluster.log == ["a1"])
  }

  @Test("ssh itself, at a port where nobody listens, begins its words as is expected of it")
  func realSSH() async throws {
    let ssh = try SSHRunner(host: "127.0.0.1", options: ["-p", "1"])
    let attempt = try await ssh.attempt(Self.change)
    guard case .notBegun(let error) = attempt else {
      Issue.record("\(attempt)")
      return
    }
    #expect(error.kind == .transient && error.reason.contains("refused"), "\(error)")
  }

  @Test("Of gluster's commands just those that change nothing say so")
  func queries() async throws {
    let xml = "<cliOutput><opRet>0</opRet></cliOutput>"
    let runner = FakeRunner(CommandResult(.exited(0), output: Array(xml.utf8)))
    let georep = GlusterGeoReplication(session: session, runner: runner)
    let cluster = GlusterSecondaryCluster(volume: "data-dr", runner: runner)
    // The answers make no sense to most of them: what counts is what was asked.
    _ = try? await georep.status()
    _ = try? await georep.settings()
    _ = try? await georep.dataMover()
    _ = try? await georep.primaryGeometry()
    _ = try? await cluster.clients()
    #expect(runner.commands.count == 5 && runner.commands.allSatisfy(\.isQuery), "\(runner.lines)")
    try await georep.start()
    try await georep.stop()
    try await georep.set(SessionSetting("sync_jobs", "5"))
    try await georep.delete()
    try await georep.create()
    try await cluster.setReadOnly(true)
    #expect(runner.commands.count == 11 && !runner.commands.suffix(6).contains { $0.isQuery })
    _ = try? await georep.setCheckpoint()
    #expect(runner.commands.suffix(2).map(\.isQuery) == [false, true], "\(runner.lines.suffix(2))")
  }
}
