import DRKit
import Foundation
import GlusterCLI
import OVirtClient
import Synchronization
import Testing

@testable import Site

@Suite("The configuration file")
struct ConfigurationTests {
  static let good = """
    state: drkit.sqlite
    engine:
      url: https://engine.example.org/ovirt-engine/api
      ca: ca.pem
      user: admin@internal
      password: { file: engine.password }
    domains:
      - name: vms
        primary: { volume: data, access: ssh, host: a1, agent: /opt/drkit-agent }
        destinations:
          - { name: dr, host: b1, volume: data-dr, agent: true, agent-rate: 200MiB/s }
    policy:
      on-snapshot-failure: leave-out
      merge-limit: 30m
    """

  @Test("reads everything, and resolves paths against its own directory")
  func good() throws {
    let configuration = try ConfigurationReader.parse(Self.good, file: "/etc/drkit/drkit.yaml")
    #expect(configuration.state == "/etc/drkit/drkit.sqlite")
    #expect(configuration.engine.certificateAuthority == "/etc/drkit/ca.pem")
    #expect(configuration.engine.password == .file("/etc/drkit/engine.password"))
    let domain = try #require(configuration.domains.first)
    #expect(
      domain.primary
        == VolumeAccess(
          host: "a1", volume: "data", access: .ssh(user: "root"),
          agent: AgentAccess(program: "/opt/drkit-agent")))
    #expect(
      domain.destinations[0].secondary
        == VolumeAccess(
          host: "b1", volume: "data-dr", access: .ssh(user: "root"), agent: AgentAccess(rate: 200 << 20)))
    #expect(configuration.policy.onSnapshotFailure == .leaveOut)
    #expect(configuration.policy.mergeLimit == .minutes(30))
    #expect(configuration.policy.concurrency == SyncPolicy().concurrency)
    #expect(configuration.policy.verify == .full)
  }

  @Test(
    "resolves against the directory of whatever name the file has",
    arguments: [
      ("x", "drkit.sqlite"), ("/x", "/drkit.sqlite"), ("d/x", "d/drkit.sqlite"), ("./x", "./drkit.sqlite"),
      ("drkit.yaml", "drkit.sqlite"), ("/etc/a b/drkit.yaml", "/etc/a b/drkit.sqlite"),
    ])
  func directories(_ file: String, _ state: String) throws {
    #expect(try ConfigurationReader.parse(Self.good, file: file).state == state)
  }

  @Test("reads each level of verify, and no agent where there is none")
  func verify() throws {
    func policy(_ text: String) throws -> SyncPolicy {
      let good = Self.good.replacing("merge-limit: 30m", with: text)
      return try ConfigurationReader.parse(good, file: "x").policy
    }
    #expect(try policy("verify: full").verify == .full)
    #expect(try policy("verify: { sampled: 64 }").verify == .sampled(blocks: 64))
    let text = Self.good.replacing("agent: true, agent-rate: 200MiB/s", with: "agent: false")
    let domain = try #require(try ConfigurationReader.parse(text, file: "x").domains.first)
    #expect(domain.destinations[0].secondary.agent == nil)
  }

  @Test(
    "names line, field and remedy of every mistake",
    arguments: [
      ("state: drkit.sqlite", "stat: drkit.sqlite", ":1:", "Did you mean `state`?"),
      ("merge-limit: 30m", "merge-limit: 30", ":14:", "policy.merge-limit"),
      ("merge-limit: 30m", "merge-limit: 0s", ":14:", "policy.merge-limit"),
      ("merge-limit: 30m", "merge-limits: 30m", ":14:", "merge-limit"),
      ("leave-out", "leave", ":13:", "policy.on-snapshot-failure"),
      ("access: ssh, host: a1,", "access: ssh,", ":9:", "host"),
      ("merge-limit: 30m", "verify: some", ":14:", "{ sampled: COUNT }"),
      ("merge-limit: 30m", "verify: sampled", ":14:", "{ sampled: COUNT }"),
      ("merge-limit: 30m", "verify: { sampled: 0 }", ":14:", "policy.verify.sampled"),
      ("agent: true", "agent: yes", ":11:", "agent"),
      ("agent: true", "agent: drkit-agent", ":11:", "agent"),
      ("agent: true, ", "", ":11:", "agent-rate"),
      ("agent-rate: 200MiB/s", "agent-rate: 200MiB", ":11:", "agent-rate"),
      ("access: ssh, host: a1", "access: telnet, host: a1", ":9:", "domains[0].primary.access"),
      ("{ file: engine.password }", "hunter2", ":6:", "engine.password"),
      ("{ file: engine.password }", "{ file: a, environment: B }", ":6:", "exactly one"),
      ("  user: admin@internal\n", "", ":3:", "user"),
      ("host: b1, volume: data-dr", "host: b1", ":11:", "volume"),
      ("https://engine", "ftp://engine", ":3:", "engine.url"),
      ("host: a1", "host: \"a 1\"", ":9:", "domains[0].primary.host"),
      ("host: b1", "host: -oProxyCommand=x", ":11:", "domains[0].destinations[0].host"),
      ("volume: data,", "volume: \"data;x\",", ":9:", "domains[0].primary.volume"),
      ("volume: data-dr", "volume: a/b", ":11:", "domains[0].destinations[0].volume"),
      ("host: a1", "host: a1, ssh-user: \"a b\"", ":9:", "domains[0].primary.ssh-user"),
      ("host: b1", "host: b1, session-user: -x", ":11:", "domains[0].destinations[0].session-user"),
      ("access: ssh, host: a1", "access: local, ssh-user: dr", ":9:", "domains[0].primary.ssh-user"),
      ("host: a1", "host: a1, hosts: [a2]", ":9:", "`hosts` can't stand beside `host`"),
      ("host: b1", "host: b1, bandwidth: 20MiB", ":11:", "domains[0].destinations[0].bandwidth"),
      ("host: b1", "host: b1, bandwidth: 1KiB/s", ":11:", "domains[0].destinations[0].bandwidth"),
      ("host: a1", "hosts: []", ":9:", "domains[0].primary.hosts"),
      ("host: a1", "hosts: [a1, a1]", ":9:", "given more than once"),
      ("host: b1", "hosts: [b1, \"b 2\"]", ":11:", "domains[0].destinations[0].hosts[1]"),
      ("  user: admin@internal", "  user: a@b\n  transport: curl", ":6:", "engine.transport"),
    ])
  func mistakes(_ from: String, _ to: String, _ line: String, _ words: String) throws {
    let text = Self.good.replacing(from, with: to)
    #expect(text != Self.good)
    let error = try #require(throws: (any Error).self) {
      try ConfigurationReader.parse(text, file: "drkit.yaml")
    }
    let message = "\(error)"
    #expect(message.contains("drkit.yaml\(line)"), "\(message)")
    #expect(message.contains(words), "\(message)")
    #expect(!message.contains("hunter2") || words == "engine.password")
  }

  @Test("knows both transports, and takes the default where none is named")
  func transports() throws {
    let standard = try ConfigurationReader.parse(Self.good, file: "drkit.yaml")
    #expect(standard.engine.transport == .standard)
    for (word, kind) in [("urlsession", TransportKind.urlSession), ("async-http-client", .asyncHTTPClient)] {
      let text = Self.good.replacing("  ca: ca.pem", with: "  ca: ca.pem\n  transport: \(word)")
      #expect(try ConfigurationReader.parse(text, file: "drkit.yaml").engine.transport == kind)
    }
  }

  @Test("takes several hosts of a cluster, and asks the first of them for the session's name")
  func hosts() throws {
    let text = Self.good.replacing("host: a1", with: "hosts: [a1, a2]")
      .replacing("host: b1", with: "hosts: [b1, b2, b3]")
    let domain = try #require(try ConfigurationReader.parse(text, file: "drkit.yaml").domains.first)
    #expect(domain.primary.hosts == ["a1", "a2"])
    let secondary = domain.destinations[0].secondary
    #expect(secondary.host == "b1" && secondary.otherHosts == ["b2", "b3"])
    #expect(try SiteAssembly.runner(domain.primary) is ClusterRunner)
    let one = try ConfigurationReader.parse(Self.good, file: "drkit.yaml").domains[0].primary
    #expect(one.hosts == ["a1"] && one.otherHosts == [])
    #expect(try SiteAssembly.runner(one) is SSHRunner)
  }

  @Test("takes a limit of the session's bandwidth, or none")
  func bandwidth() throws {
    let text = Self.good.replacing("host: b1", with: "host: b1, bandwidth: 20MiB/s")
    func rate(_ text: String) throws -> Int64? {
      try ConfigurationReader.parse(text, file: "drkit.yaml").domains[0].destinations[0].bandwidth
    }
    #expect(try rate(text) == 20 << 20)
    #expect(try rate(Self.good) == nil)
  }

  @Test("tells an adapter's words as a note of the phase that the run is in")
  func phases() throws {
    struct Clock: DRClock {
      var now: Instant { Instant(epochSeconds: 7) }
      var uptime: TimeSpan { .zero }
      func sleep(for span: TimeSpan) async throws(DRError) {}
    }
    final class Listener: RunObserver {
      let events = Mutex<[RunEvent]>([])
      func observe(_ event: RunEvent, at instant: Instant) { events.withLock { $0.append(event) } }
    }
    let listener = Listener()
    let follower = PhaseFollower(listener, Clock())
    follower.observe(.phaseBegan(.seal), at: Instant(epochSeconds: 1))
    follower.note("secondary: b2 answers")
    #expect(
      listener.events.withLock { $0 } == [.phaseBegan(.seal), .noted(.seal, "secondary: b2 answers")])
  }

  @Test(
    "refuses two domains of one name, one primary volume, or one secondary volume",
    arguments: [
      ("vms", "a1", "other", "b1", "other-dr", "`vms` is given twice"),
      ("more", "A1", "data", "b1", "other-dr", "primary volume `data` is that of the domain `vms`"),
      ("more", "a1", "other", "b1", "data-dr", "secondary volume `data-dr` is that of the domain `vms`"),
      ("more", "a2", "data", "b2", "data-dr", nil),
      ("more", "a2", "data", "[b2, B1]", "data-dr", "secondary volume `data-dr` is that of the domain `vms`"),
    ])
  func twice(
    _ name: String, _ host: String, _ volume: String, _ farHost: String, _ farVolume: String, _ words: String?
  ) throws {
    let again = """
        - name: \(name)
          primary: { volume: \(volume), access: ssh, host: \(host) }
          destinations: [{ name: dr, \(farHost.hasPrefix("[") ? "hosts" : "host"): \(farHost), volume: \(farVolume) }]

      """
    let text = Self.good.replacing("policy:\n", with: again + "policy:\n")
    guard let words else {
      #expect(try ConfigurationReader.parse(text, file: "drkit.yaml").domains.count == 2)
      return
    }
    let error = try #require(throws: (any Error).self) {
      try ConfigurationReader.parse(text, file: "drkit.yaml")
    }
    #expect("\(error)".contains("drkit.yaml:12:"), "\(error)")
    #expect("\(error)".contains(words), "\(error)")
  }

  @Test("says why a file can't be read, and what helps")
  func unreadable() throws {
    let path = NSTemporaryDirectory() + "drkit-configuration-\(UUID().uuidString)"
    func failure() throws -> DRError {
      try #require(throws: DRError.self) { try ConfigurationReader.read(path: path) }
    }
    #expect(try failure().remedy == "name it with --config FILE")
    #expect(FileManager.default.createFile(atPath: path, contents: Data([0x73, 0xff, 0xfe])))
    defer { unlink(path) }
    #expect(try failure().reason.contains("UTF-8"))
    #expect(try failure().remedy == "save it in UTF-8")
    unlink(path)
    #expect(mkdir(path, 0o700) == 0)
    defer { rmdir(path) }
    #expect(try failure().remedy.contains("regular file"))
  }

  @Test("takes the addresses of clients that only read")
  func knownClients() throws {
    let text = Self.good + "\n  known-clients: [192.0.2.7, 192.0.2.8]\n"
    #expect(
      try ConfigurationReader.parse(text, file: "drkit.yaml").policy.knownClients == [
        "192.0.2.7", "192.0.2.8",
      ])
  }
}
