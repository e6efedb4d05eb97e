import DRKit

/// What the simulator reads: scenario files, and the engine's search language.
package enum ScenarioParsers {
  package static let all = [scenario, search]

  private static let long = """
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
      - { at: 10m, fault: worker.faulty-on-start, for: 1m, times: 2 }
    expect:
      - laws: kept
      - sealed: 2
      - exposure: { max: 1h }
      - happened: [link.down]

    """
  private static let short = """
    scenario: s
    about: x
    duration: 24h
    machines: [{ count: 1, disk: 1GiB }]
    sync: { every: 30m }
    expect: [laws: kept]

    """

  static let scenario = FuzzedParser("scenario", [long, short]) { bytes in
    _ = try ScenarioReader.read(String(decoding: bytes, as: UTF8.self), file: "x.yaml")
  }

  private static let searches = [
    "Vms: name=web* and status!=down or cpus>=2 sortby name desc page 2", "name=\"a b\" c", "page 1",
  ]

  static let search = FuzzedParser("engine-search", searches) { bytes in
    let search = try EngineSearch(String(decoding: bytes, as: UTF8.self))
    _ = try search.apply(
      to: ["web", "db", "a b"], caseSensitive: false, max: 2,
      field: { item, key in key == "name" || key.isEmpty ? [item] : nil })
  }
}
