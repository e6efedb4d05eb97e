import DRKit
import StrictYAML

/// Reads scenario files. Every key that is accepted has an effect; all else is an error with file, line and field.
public enum ScenarioReader {
  /// - Parameter file: its name in error texts.
  public static func read(_ text: String, file: String) throws(StrictYAMLError) -> Scenario {
    let root = try StrictDocument.parse(text, file: file)
    let map = try root.mapping(keys: [
      "scenario", "about", "stands-for", "cycles", "duration", "primary", "secondary", "session", "link",
      "machines", "sync", "faults", "expect",
    ])
    let extent = try readExtent(map)
    var plan = WorldPlan()
    try readPrimary(map.optional("primary"), &plan)
    try readSecondary(map.optional("secondary"), &plan)
    try readSession(map.optional("session"), &plan)
    try readLink(map.optional("link"), &plan)
    let machines = try map.required("machines")
    plan.machines = try machines.list(count: 1...1_000) { (node) throws(StrictYAMLError) in
      try readMachines(node, plan)
    }
    try checkSizes(plan, machines)
    let (every, policy, repair) = try readSync(map.required("sync"))
    try checkLength(map, extent, every)
    if case .cycles(let count) = extent,
      Int64(count) > TimeSpan.hours(24 * 366).nanoseconds / every.nanoseconds
    {
      throw try map.required("cycles").error(
        "\(count) cycles every \(every.text) take longer than a year", remedy: "Simulate at most 366 days")
    }
    let faults = FaultReader(
      machines: plan.machines.reduce(0) { $0 + $1.count }, extent: extent, every: every,
      replica: plan.primary.replica)
    plan.faults = try map.optional("faults")?.list(count: 1...1_000, faults.read) ?? []
    let kinds = plan.faults.map(\.kind)
    let expectations = try map.required("expect").list(count: 1...50) { (node) throws(StrictYAMLError) in
      try readExpectation(node, kinds)
    }
    var scenario = Scenario(
      name: try map.required("scenario").string(length: 80),
      about: try map.required("about").string(length: 2_000),
      standsFor: try map.optional("stands-for")?.distinctList(count: 1...20) {
        (node) throws(StrictYAMLError) in
        try node.string(length: 200)
      } ?? [],
      extent: extent, plan: plan, every: every, policy: policy, expectations: expectations)
    scenario.repairCycle = repair
    return scenario
  }

  private static func readExtent(_ map: StrictMapping) throws(StrictYAMLError) -> Scenario.Extent {
    let (key, value) = try map.exactlyOne(of: ["cycles", "duration"])
    if key == "cycles" { return .cycles(try value.int(in: 1...100_000)) }
    return .duration(try value.duration(in: .minutes(2)...(.hours(24 * 366))))
  }

  /// Instants are 64 bits of nanoseconds: they end in the year 2262.
  private static func checkLength(
    _ map: StrictMapping, _ extent: Scenario.Extent, _ every: TimeSpan
  ) throws(StrictYAMLError) {
    guard case .cycles(let count) = extent else { return }
    let (length, overflow) = every.nanoseconds.multipliedReportingOverflow(by: Int64(count))
    guard overflow || TimeSpan(nanoseconds: length) > .hours(24 * 366 * 20) else { return }
    throw try map.required("cycles").error(
      "\(count) cycles, one every \(every.text), are more than 20 years",
      remedy: "Use fewer cycles, or a shorter sync.every")
  }

  private static func readPrimary(_ node: StrictNode?, _ plan: inout WorldPlan) throws(StrictYAMLError) {
    guard let map = try node?.mapping(keys: ["volume", "engine"]) else { return }
    if let volume = try map.optional("volume")?.mapping(keys: [
      "name", "subvolumes", "replica", "shard", "size",
    ]) {
      if let name = try volume.optional("name") { plan.primary.name = try readName(name) }
      if let count = try volume.optional("subvolumes") { plan.primary.subvolumes = try count.int(in: 1...64) }
      if let count = try volume.optional("replica") { plan.primary.replica = try count.int(in: 1...9) }
      if let size = try volume.optional("shard") {
        plan.primary.shard = try size.byteSize(in: 4 << 20...(2 << 30))
        plan.secondary.shard = plan.primary.shard
      }
      if let size = try volume.optional("size") {
        plan.primary.size = try size.byteSize(in: 1 << 30...(1 << 60))
      }
    }
    if let engine = try map.optional("engine")?.mapping(keys: ["snapshot", "merge", "ovf-store"]) {
      if let range = try engine.optional("snapshot") {
        plan.engine.snapshot = try range.durationRange(in: .milliseconds(100)...(.hours(1)))
      }
      if let rate = try engine.optional("merge") {
        plan.engine.merge = try rate.bandwidth(in: 1 << 20...(1 << 40))
      }
      if let span = try engine.optional("ovf-store") {
        plan.engine.ovfStore = try span.duration(in: .minutes(1)...(.hours(24 * 366)))
      }
    }
  }

  private static func readSecondary(_ node: StrictNode?, _ plan: inout WorldPlan) throws(StrictYAMLError) {
    guard let map = try node?.mapping(keys: ["volume"]) else { return }
    guard let volume = try map.optional("volume")?.mapping(keys: ["name", "size"]) else { return }
    if let name = try volume.optional("name") { plan.secondary.name = try readName(name) }
    if let size = try volume.optional("size") {
      plan.secondary.size = try size.byteSize(in: 1 << 30...(1 << 60))
    }
  }

  private static func readSession(_ node: StrictNode?, _ plan: inout WorldPlan) throws(StrictYAMLError) {
    guard let map = try node?.mapping(keys: ["synced", "jobs", "shard-cost", "settle"]) else { return }
    if let synced = try map.optional("synced") { plan.isSynced = try synced.bool() }
    if let jobs = try map.optional("jobs") { plan.session.jobs = try jobs.int(in: 1...64) }
    if let cost = try map.optional("shard-cost") {
      plan.session.shard = try cost.duration(in: .milliseconds(1)...(.minutes(1)))
    }
    if let range = try map.optional("settle") {
      plan.session.settling = try range.durationRange(in: .milliseconds(100)...(.minutes(5)))
    }
  }

  private static func readLink(_ node: StrictNode?, _ plan: inout WorldPlan) throws(StrictYAMLError) {
    guard let map = try node?.mapping(keys: ["bandwidth", "latency"]) else { return }
    if let rate = try map.optional("bandwidth") { plan.bandwidth = try rate.bandwidth(in: 1_000...(1 << 37)) }
    if let span = try map.optional("latency") { plan.latency = try span.duration(in: .zero...(.seconds(10))) }
  }

  private static func readName(_ node: StrictNode) throws(StrictYAMLError) -> String {
    let name = try node.string(length: 100)
    let isPlain = name.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        || byte == 0x2d || byte == 0x5f
    }
    guard isPlain else {
      throw node.error("is no name of a volume", remedy: "Use letters, digits, `-` and `_`")
    }
    return name
  }

  private static func readMachines(
    _ node: StrictNode, _ plan: WorldPlan
  ) throws(StrictYAMLError) -> WorldPlan.Machines {
    let map = try node.mapping(keys: ["count", "disk", "format", "elsewhere", "writes"])
    var machines = WorldPlan.Machines(
      count: try map.required("count").int(in: 1...10_000),
      disk: try map.required("disk").byteSize(in: 1 << 20...(1 << 50)), rate: 0)
    if let format = try map.optional("format") { machines.format = try format.choice(of: Format.self).value }
    if let size = try map.optional("elsewhere") {
      machines.elsewhere = try size.byteSize(in: 1 << 20...(1 << 50))
    }
    guard let writes = try map.optional("writes") else { return machines }
    let write = try writes.mapping(keys: ["rate", "block", "skew"])
    machines.rate = try write.required("rate").bandwidth(in: 1...(1 << 32))
    if let block = try write.optional("block") {
      machines.block = try block.byteSize(in: 512...min(plan.primary.shard, machines.disk))
    }
    if let skew = try write.optional("skew") { machines.skew = try skew.double(in: 0...4) }
    return machines
  }

  private enum Format: String, CaseIterable {
    case raw, cow
    var value: VolumeFormat { self == .raw ? .raw : .cow }
  }

  private static func checkSizes(_ plan: WorldPlan, _ node: StrictNode) throws(StrictYAMLError) {
    var sum: Int64 = 0
    for group in plan.machines {
      let (product, overflow) = group.disk.multipliedReportingOverflow(by: Int64(group.count))
      sum += min(product, 1 << 60)
      if overflow || sum >= plan.primary.size {
        throw node.error(
          "the disks do not fit on the primary volume of \(ByteText.of(plan.primary.size))",
          remedy: "Enlarge primary.volume.size, or use fewer or smaller disks")
      }
      if group.disk / plan.primary.shard > 1 << 24 {
        throw node.error(
          "a disk has more than \(1 << 24) shards", remedy: "Use a larger primary.volume.shard")
      }
    }
  }

  private static func readSync(
    _ node: StrictNode
  ) throws(StrictYAMLError) -> (TimeSpan, SyncPolicy, Int?) {
    let map = try node.mapping(keys: [
      "every", "on-snapshot-failure", "replicate-limit", "merge-limit", "merge-attempts", "concurrency",
      "start-lead", "verify", "repair-in-cycle", "bandwidth",
    ])
    var policy = SyncPolicy()
    if let word = try map.optional("on-snapshot-failure") { policy.onSnapshotFailure = try word.choice() }
    if let span = try map.optional("replicate-limit") {
      policy.replicateLimit = try span.duration(in: .minutes(1)...(.hours(24 * 30)))
    }
    if let span = try map.optional("merge-limit") {
      policy.mergeLimit = try span.duration(in: .minutes(1)...(.hours(24)))
    }
    if let span = try map.optional("start-lead") {
      policy.startLead = try span.duration(in: .zero ... .minutes(10))
    }
    policy.bandwidth = try map.optional("bandwidth")?.bandwidth(in: 64 << 10...1 << 40)
    if let node = try map.optional("verify") { policy.verify = try node.verifyLevel() }
    if let count = try map.optional("merge-attempts") { policy.mergeAttempts = try count.int(in: 1...100) }
    if let count = try map.optional("concurrency") { policy.concurrency = try count.int(in: 1...64) }
    return (
      try map.required("every").duration(in: .minutes(1)...(.hours(24 * 30))), policy,
      try map.optional("repair-in-cycle")?.int(in: 1...100_000)
    )
  }

  private static func readExpectation(
    _ node: StrictNode, _ kinds: [WorldFault.Kind]
  ) throws(StrictYAMLError) -> Expectation {
    let keys = [
      "laws", "sealed", "failed", "exposure", "without-point", "left-over-snapshots", "diverged", "lowered",
      "not-in-point", "happened",
    ]
    let (key, value) = try node.mapping(keys: keys).exactlyOne(of: keys)
    switch key {
    case "laws":
      _ = try value.choice(among: ["kept"])
      return .lawsKept
    case "sealed": return .sealed(try value.int(in: 0...1_000_000))
    case "failed": return .failed(try value.int(in: 0...1_000_000))
    case "left-over-snapshots": return .leftOverSnapshots(try value.int(in: 0...1_000_000))
    case "diverged": return .diverged(try value.bool())
    case "lowered": return .graded(.lowered, try value.int(in: 0...1_000_000))
    case "not-in-point": return .graded(.notInPoint, try value.int(in: 0...1_000_000))
    case "exposure": return .exposure(max: try readMaximum(value))
    case "without-point": return .withoutPoint(max: try readMaximum(value))
    default:
      return .happened(
        try value.distinctList(count: 1...50) { (word) throws(StrictYAMLError) in
          let kind = try word.choice(of: WorldFault.Kind.self)
          guard kinds.contains(kind) else {
            throw word.error(
              "`\(kind.rawValue)` can't happen: no such fault is listed", remedy: "Add it to faults")
          }
          return kind
        })
    }
  }

  private static func readMaximum(_ node: StrictNode) throws(StrictYAMLError) -> TimeSpan {
    try node.mapping(keys: ["max"]).required("max").duration(in: .seconds(1)...(.hours(24 * 366)))
  }
}
