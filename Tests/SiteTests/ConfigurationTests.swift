import DRKit
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

  @Test("refuses the same domain twice")
  func twice() {
    let again = """

        - name: vms
          primary: { volume: data }
          destinations: [{ name: dr, host: b1, volume: data-dr }]
      """
    let text = Self.good.replacing("policy:", with: "X").split(separator: "X")[0] + again.dropFirst()
    #expect(throws: (any Error).self) { try ConfigurationReader.parse(String(text), file: "drkit.yaml") }
  }
}
