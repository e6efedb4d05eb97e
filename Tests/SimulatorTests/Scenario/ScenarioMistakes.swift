import DRKit
import StrictYAML
import Testing

@testable import Simulator

/// A mistake in a scenario file, and the words that its error must hold.
struct ScenarioMistake: Sendable, CustomTestStringConvertible {
  /// The line of the good file that is replaced.
  let line: String
  let by: String
  let words: String

  init(_ line: String, _ by: String, _ words: String) {
    self.line = line
    self.by = by
    self.words = words
  }

  var testDescription: String { by }
}

@Suite("Scenario files: every mistake is named with file, line and field")
struct ScenarioMistakes {
  static let good = """
    scenario: good
    about: A good one.
    stands-for: [nothing]
    cycles: 2
    primary:
      volume: { name: data, subvolumes: 2, replica: 3, shard: 64MiB, size: 1TiB }
      engine: { snapshot: 3s..12s, merge: 150MiB/s, ovf-store: 60m }
    secondary:
      volume: { name: data-dr, size: 1TiB }
    session: { synced: true, jobs: 3, shard-cost: 100ms, settle: 5s..6s }
    link: { bandwidth: 1Gbit/s, latency: 20ms }
    machines:
      - { count: 2, disk: 1GiB, format: cow, writes: { rate: 1MiB/s, block: 256KiB, skew: 0.9 } }
    sync: { every: 30m, on-snapshot-failure: leave-out, replicate-limit: 1h, merge-attempts: 2, concurrency: 3 }
    faults:
      - { at: 10m, fault: link.down, for: 1m }
      - { at: 10m, fault: port.unreachable, for: 1m, chance: 0.5, times: 3, port: engine }
    expect:
      - laws: kept
      - sealed: 2
      - exposure: { max: 1h }
      - happened: [link.down]

    """

  static let mistakes: [ScenarioMistake] = [
    .init("scenario: good", "scenari: good", "unknown key `scenari`. Did you mean `scenario`?"),
    .init("about: A good one.", "", "the key `about` is missing"),
    .init("cycles: 2", "", "one of `cycles`, `duration` is missing"),
    .init("cycles: 2", "cycles: 2\nduration: 1h", "can't stand beside"),
    .init("cycles: 2", "cycles: 0", "cycles"),
    .init("cycles: 2", "cycles: 90000", "take longer than a year"),
    .init("rate: 1MiB/s", "rate: 8GiB/s", "machines[0].writes.rate"),
    .init("cycles: 2", "duration: 90", "has no unit"),
    .init("stands-for: [nothing]", "stands-for: []", "has 0 elements"),
    .init("stands-for: [nothing]", "stands-for: [a, a]", "more than once"),
    .init("volume: { name: data,", "volume: { name: da/ta,", "is no name of a volume"),
    .init("subvolumes: 2", "subvolumes: 0", "primary.volume.subvolumes"),
    .init("shard: 64MiB", "shard: 64MB", "write 64MiB"),
    .init("shard: 64MiB", "shard: 1MiB", "primary.volume.shard"),
    .init("replica: 3", "replicas: 3", "Did you mean `replica`?"),
    .init("snapshot: 3s..12s", "snapshot: 12s..3s", "is upside down"),
    .init("merge: 150MiB/s", "merge: 150MiB", "is no unit of bandwidth"),
    .init(
      "secondary:\n  volume: { name: data-dr,", "secondary:\n  volume: { shard: 64MiB,", "unknown key `shard`"
    ),
    .init("synced: true", "synced: yes", "needs true or false"),
    .init("jobs: 3", "jobs: 0", "session.jobs"),
    .init("settle: 5s..6s", "settle: 5..6", "has no unit"),
    .init("bandwidth: 1Gbit/s", "bandwidth: 0bit/s", "link.bandwidth"),
    .init("disk: 1GiB", "disk: 2TiB", "do not fit on the primary volume"),
    .init("format: cow", "format: qcow2", "Did you mean `cow`?"),
    .init("block: 256KiB", "block: 256MiB", "machines[0].writes.block"),
    .init("skew: 0.9", "skew: 90%", "machines[0].writes.skew"),
    .init("every: 30m", "every: 1s", "sync.every"),
    .init("leave-out", "leaveout", "Did you mean `leave-out`?"),
    .init("fault: link.down", "fault: link.dow", "Did you mean `link.down`?"),
    .init("fault: link.down, for: 1m", "fault: link.down", "the key `for` is missing"),
    .init("fault: link.down, for: 1m", "fault: link.down, for: 1m, machine: 1", "does not heed `machine`"),
    .init(
      "fault: link.down, for: 1m", "fault: changelog.loses-shard, for: 1m, machine: 3", "faults[0].machine"),
    .init("fault: link.down, for: 1m", "fault: worker.faulty-on-start, for: 1m", "needs `times`"),
    .init(
      "fault: link.down, for: 1m", "fault: live-crawl.stall, for: 1m, chance: 0.5, times: 2",
      "can't stand together"),
    .init("at: 10m, fault: link.down", "at: 3h, fault: link.down", "begins after the scenario's last cycle"),
    .init("chance: 0.5", "chance: 0", "would never strike"),
    .init("fault: link.down, for: 1m", "during: sael, fault: link.down, for: 1m", "Did you mean `seal`?"),
    .init("at: 10m, fault: link.down", "at: 10m, after: 5s, fault: link.down", "there is no phase"),
    .init("fault: link.down, for: 1m", "fault: storage.slow, for: 1m, factor: 1", "faults[0].factor"),
    .init("merge-attempts: 2", "merge-limit: 1s", "sync.merge-limit"),
    .init("fault: link.down, for: 1m", "fault: snapshot.foreign, machine: 1", "the key `for` is missing"),
    .init("fault: link.down, for: 1m", "fault: disk.attached, machine: 3", "faults[0].machine"),
    .init("format: cow", "format: cow, elsewhere: 100MB", "write 100MiB"),
    .init("sealed: 2", "lowered: some", "expect[1].lowered"),
    .init("port: engine", "port: gluster", "unknown word `gluster`"),
    .init("concurrency: 3 }", "verify: fast }", "must be `full` or `{ sampled: COUNT }`"),
    .init("concurrency: 3 }", "verify: { sampled: 0 } }", "sync.verify.sampled"),
    .init("laws: kept", "laws: broken", "laws"),
    .init("- laws: kept", "- { laws: kept, sealed: 2 }", "can't stand beside"),
    .init("exposure: { max: 1h }", "exposure: 1h", "needs a mapping"),
    .init("happened: [link.down]", "happened: [merge.fails]", "no such fault is listed"),
    .init("sealed: 2", "sealed: two", "expect[1].sealed"),
  ]

  @Test("the good file is read")
  func goodFile() throws {
    let scenario = try ScenarioReader.read(Self.good, file: "good.yaml")
    #expect(scenario.plan.primary.subvolumes == 2)
    #expect(scenario.plan.machines[0].format == .cow)
    #expect(scenario.plan.faults.count == 2)
    #expect(scenario.policy.onSnapshotFailure == .leaveOut)
    #expect(scenario.expectations.count == 4)
  }

  @Test("a mistake", arguments: mistakes)
  func mistake(_ mistake: ScenarioMistake) throws {
    #expect(Self.good.contains(mistake.line))
    let text = Self.good.replacing(mistake.line, with: mistake.by, maxReplacements: 1)
    let error = #expect(throws: StrictYAMLError.self) { try ScenarioReader.read(text, file: "bad.yaml") }
    let words = error?.description ?? ""
    #expect(words.contains(mistake.words), "\(words)")
    #expect(words.hasPrefix("bad.yaml:") && (error?.line ?? 0) > 0)
  }

  @Test("numbers that are each in range, and not together")
  func together() {
    func words(_ changes: [(String, String)]) -> String {
      var text = Self.good
      for (old, new) in changes {
        #expect(text.contains(old))
        text.replace(old, with: new, maxReplacements: 1)
      }
      let error = #expect(throws: StrictYAMLError.self) { try ScenarioReader.read(text, file: "bad.yaml") }
      return error?.description ?? ""
    }
    let brick = words([
      ("replica: 3", "replica: 1"), ("fault: link.down, for: 1m", "fault: primary.brick-down, for: 1m"),
    ])
    #expect(brick.contains("faults[0].fault: without a replica of 3 the guests would stop"), "\(brick)")
    // 100,000 cycles of 30 days: 8,000 years, more than an instant holds.
    let long = words([("cycles: 2", "cycles: 100000"), ("every: 30m", "every: 30d")])
    #expect(
      long.contains("bad.yaml:4:9: cycles: 100000 cycles, one every 30d00h, are more than 20 years"),
      "\(long)")
    // The size of an exbibyte in words.
    let large = words([("size: 1TiB", "size: 1024PiB"), ("count: 2, disk: 1GiB", "count: 10000, disk: 1PiB")])
    #expect(large.contains("do not fit on the primary volume of 1024.0 PiB"), "\(large)")
  }
}
