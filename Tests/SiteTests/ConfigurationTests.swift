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
        primary: { volume: data, access: ssh, host: a1 }
        destinations:
          - { name: dr, host: b1, volume: data-dr }
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
    #expect(domain.primary == VolumeAccess(host: "a1", volume: "data", access: .ssh(user: "root")))
    #expect(
      domain.destinations[0].secondary
        == VolumeAccess(host: "b1", volume: "data-dr", access: .ssh(user: "root")))
    #expect(configuration.policy.onSnapshotFailure == .leaveOut)
    #expect(configuration.policy.mergeLimit == .minutes(30))
    #expect(configuration.policy.concurrency == SyncPolicy().concurrency)
  }

  @Test(
    "names line, field and remedy of every mistake",
    arguments: [
      ("state: drkit.sqlite", "stat: drkit.sqlite", ":1:", "Did you mean `state`?"),
      ("merge-limit: 30m", "merge-limit: 30", ":14:", "policy.merge-limit"),
      ("merge-limit: 30m", "merge-limit: 0s", ":14:", "policy.merge-limit"),
      ("merge-limit: 30m", "merge-limits: 30m", ":14:", "merge-limit"),
      ("leave-out", "leave", ":13:", "policy.on-snapshot-failure"),
      ("access: ssh, host: a1", "access: ssh", ":9:", "host"),
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
