import DRKit
import Simulator
import TestBed
import Testing

extension BadInput {
  private static let good = """
    scenario: good
    about: A good one.
    cycles: 2
    primary:
      volume: { name: data, subvolumes: 2, shard: 64MiB, size: 1TiB }
      engine: { snapshot: 3s..12s, merge: 150MiB/s }
    link: { bandwidth: 1Gbit/s, latency: 20ms }
    machines:
      - { count: 2, disk: 1GiB, writes: { rate: 1MiB/s, block: 256KiB, skew: 0.9 } }
    sync: { every: 30m }
    faults:
      - { at: 10m, fault: link.down, for: 1m }
    expect:
      - laws: kept
      - happened: [link.down]

    """

  private static func line(_ old: String, _ new: String, as shown: String? = nil) -> BadInput {
    BadInput(.scenario, shown ?? new) {
      _ = try ScenarioReader.read(try changed(good, old, new), file: "x.yaml")
    }
  }

  private static func two(_ one: (String, String), _ other: (String, String), as shown: String) -> BadInput {
    BadInput(.scenario, shown) {
      let text = try changed(good, one.0, one.1)
      _ = try ScenarioReader.read(try changed(text, other.0, other.1), file: "x.yaml")
    }
  }

  static let scenarioRows: [BadInput] = [
    line("scenario: good", "scenari: good"),
    line("cycles: 2\n", "", as: "neither cycles nor duration"),
    line("cycles: 2", "cycles: 2\nduration: 1h", as: "cycles and duration"),
    line("cycles: 2", "cycles: many"),
    two(
      ("cycles: 2", "cycles: 100000"), ("every: 30m", "every: 30d"),
      as: "cycles: 100000 with sync: { every: 30d }"),
    line("shard: 64MiB", "shard: 64MB"),
    line("name: data,", "name: da/ta,"),
    two(
      ("size: 1TiB", "size: 1024PiB"), ("count: 2, disk: 1GiB", "count: 10000, disk: 1PiB"),
      as: "10,000 disks of 1PiB on a volume of 1024PiB"),
    line("snapshot: 3s..12s", "snapshot: 12s..3s"),
    line("bandwidth: 1Gbit/s", "bandwidth: 1Gbit"),
    line("skew: 0.9", "skew: 90%"),
    line("block: 256KiB", "block: 256MiB"),
    line("fault: link.down, for: 1m", "fault: link.dwn, for: 1m"),
    line("fault: link.down, for: 1m", "fault: link.down"),
    line("fault: link.down, for: 1m", "fault: link.down, for: 1m, machine: 1"),
    line("at: 10m", "at: 3h"),
    line("laws: kept", "laws: broken"),
    line("happened: [link.down]", "happened: [merge.fails]"),
  ]

  private static let bedText = """
    domains:
      - { name: data, address: gluster1.example, path: /data }
    disks:
      - { name: web-root, domain: data, size: 64MiB }
    machines:
      - { name: web, disks: [web-root] }

    """

  private static func bed(_ old: String, _ new: String, as shown: String? = nil) -> BadInput {
    BadInput(.scenario, "bed file: \(shown ?? new)") {
      let text = try changed(bedText, old, new)
      _ = try BedDescription(yaml: text, file: "bed.yaml").model(now: Instant(epochSeconds: 1_700_000_000))
    }
  }

  static let bedRows: [BadInput] = [
    bed("size: 64MiB", "size: 0B"), bed("disks: [web-root]", "disks: [nowhere]"),
    bed("domain: data", "domain: other"),
    bed("name: web, disks: [web-root]", "name: web, id: 17, disks: [web-root]"),
  ]
}
