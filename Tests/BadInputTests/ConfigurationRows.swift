import DRKit
import Foundation
import OVirtClient
import Testing

@testable import Site

extension BadInput {
  private static let good = """
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

  private static func line(_ old: String, _ new: String, as shown: String? = nil) -> BadInput {
    BadInput(.configuration, shown ?? new) {
      _ = try ConfigurationReader.parse(try changed(good, old, new), file: "drkit.yaml")
    }
  }

  private static func whole(_ shown: String, _ text: String) -> BadInput {
    BadInput(.configuration, shown) { _ = try ConfigurationReader.parse(text, file: "drkit.yaml") }
  }

  static let configurationRows: [BadInput] = [
    line("state: drkit.sqlite", "stat: drkit.sqlite"),
    line("state: drkit.sqlite\n", "", as: "no `state` line"),
    line("state: drkit.sqlite", "state:"),
    line("state: drkit.sqlite", "state: drkit.sqlite\nstate: other.sqlite", as: "`state` twice"),
    line("{ file: engine.password }", "hunter2", as: "password: hunter2"),
    line(
      "{ file: engine.password }", "{ file: a, environment: B }",
      as: "password: { file: a, environment: B }"),
    line("  user: admin@internal\n", "", as: "no `engine.user` line"),
    line("access: ssh, host: a1", "access: telnet, host: a1"),
    line("access: ssh, host: a1", "access: ssh", as: "access: ssh, without a host"),
    line("access: ssh, host: a1", "access: ssh, host: a1, agent-rate: 200"),
    line("host: b1, volume: data-dr", "host: b1", as: "a destination without a volume"),
    line(
      "{ name: dr, host: b1, volume: data-dr }",
      "{ name: dr, host: b1, volume: x }\n      - { name: dr2, host: c1, volume: y }", as: "two destinations"),
    line("merge-limit: 30m", "merge-limit: 30"),
    line("merge-limit: 30m", "merge-limit: 1.5h"),
    line("merge-limit: 30m", "merge-limit: 99999999999999999999h"),
    line("merge-limit: 30m", "concurrency: 0"),
    line("merge-limit: 30m", "concurrency: \"3\""),
    line("merge-limit: 30m", "overlay-reserve: 5%"),
    line("merge-limit: 30m", "verify: half"),
    line("leave-out", "leave", as: "on-snapshot-failure: leave"),
    line("  merge-limit: 30m", "\tmerge-limit: 30m", as: "a tab before merge-limit"),
    line("merge-limit: 30m", "merge-limit: &a 30m"),
    line("merge-limit: 30m", "merge-limit: !!int 30m"),
    line("user: admin@internal", "user: [admin@internal"),
    whole("an empty file", ""),
    whole("a list", "- a\n- b\n"),
    whole("two documents", "state: a\n---\nstate: b\n"),
    whole(
      "keys of 2,000 bytes above a value", "? " + String(repeating: "k", count: 2_000) + "\n: { a: 1 }\n"),
    whole("lists 5,000 deep", "state: " + String(repeating: "[", count: 5_000)),
    BadInput(.configuration, "a domain twice") {
      let again =
        "  - { name: vms, primary: { volume: d }, destinations: [{ name: x, host: h, volume: v }] }\npolicy:"
      _ = try ConfigurationReader.parse(try changed(good, "policy:", again), file: "drkit.yaml")
    },
  ]

  private static func url(_ url: String) -> BadInput {
    BadInput(.configuration, "url: \(url)") { _ = try EngineAddress(url: url) }
  }

  static let siteRows: [BadInput] = [
    BadInput(.configuration, "no such file") {
      try await Scratch.with { _ = try ConfigurationReader.read(path: "\($0)/drkit.yaml") }
    },
    BadInput(.configuration, "a file in UTF-16") {
      try await Scratch.with {
        try Scratch.put([0xff, 0xfe, 0x73, 0x00], "\($0)/drkit.yaml")
        _ = try ConfigurationReader.read(path: "\($0)/drkit.yaml")
      }
    },
    BadInput(.configuration, "a directory") {
      try await Scratch.with { _ = try ConfigurationReader.read(path: $0) }
    },
    url("http://engine.example/ovirt-engine/api"), url("https://admin:pw@engine.example"),
    url("https://engine.example/api"), url("https://engine.example:99999"), url("engine.example"),
    BadInput(.configuration, "a password file that others can read") {
      try await Scratch.with {
        try Scratch.put("pw\n".utf8, "\($0)/password", mode: 0o644)
        _ = try SecretReference.file("\($0)/password").resolve()
      }
    },
    BadInput(.configuration, "an empty password file") {
      try await Scratch.with {
        try Scratch.put("".utf8, "\($0)/password")
        _ = try SecretReference.file("\($0)/password").resolve()
      }
    },
    BadInput(.configuration, "no password file") {
      try await Scratch.with { _ = try SecretReference.file("\($0)/password").resolve() }
    },
    BadInput(.configuration, "a variable that is not set") {
      _ = try SecretReference.environment("DRKIT_PASSWORD").resolve(environment: [:])
    },
    BadInput(.configuration, "a CA file that is none") {
      try await Scratch.with {
        try Scratch.put("no certificate\n".utf8, "\($0)/ca.pem")
        let address = try EngineAddress(url: "https://engine.example")
        _ = try AsyncHTTPTransport(address: address, authority: .file("\($0)/ca.pem"))
      }
    },
  ]
}
