import DRKit

/// The session and the secondary cluster while nothing runs.
extension ContractSuite {
  func sessionAtRest(_ book: inout ContractBook) async throws(DRError) {
    let georep = ports.georep
    try await again { () async throws(DRError) in try await georep.stop() }
    let stopped = await error { () async throws(DRError) in try await georep.stop() }
    book.judge(.stopTwice, stopped == nil, "the second: \(kind(stopped))")
    let geometry = try await georep.primaryGeometry()
    let bricks = geometry.subvolumes.flatMap { $0 }
    book.judge(
      .primaryGeometry,
      geometry.isStarted && geometry.name == georep.session.primaryVolume && !bricks.isEmpty
        && Set(bricks).count == bricks.count && !geometry.subvolumes.contains([])
        && (geometry.shardSize ?? 0) >= 4 << 20 && geometry.rollover >= .seconds(1)
        && geometry.rollover <= .minutes(10),
      "\(geometry.subvolumes.count) subvolume(s), \(bricks.count) brick(s), shards of \(geometry.shardSize ?? 0), "
        + "rollover \(geometry.rollover.wholeSeconds) s")
    let rows = try await georep.status()
    judgeAtRest(rows, bricks, &book)
    let mover = try await georep.dataMover()
    let receiver = try await ports.cluster.dataMover()
    book.judge(
      .dataMover, [mover, receiver].allSatisfy { $0.defect == nil && $0.version.contains("rsync") },
      "\(mover.version); \(receiver.version)")
    try await settings(&book)
    try await cluster(geometry, &book)
  }

  func judgeAtRest(_ rows: [WorkerStatus], _ bricks: [BrickName], _ book: inout ContractBook) {
    let names = rows.map(\.brick).sorted() == bricks.sorted()
    let states = rows.allSatisfy { $0.state == .stopped || $0.state == .created }
    let talkers = rows.filter { !Self.isQuiet($0) }
    book.judge(
      .stoppedRows, names && states && talkers.isEmpty,
      names && states
        ? "\(rows.count) row(s), \(talkers.count) of them tell more"
        : "rows \(rows.map { "\($0.brick) \($0.state)" }.joined(separator: ", "))")
  }

  /// Whether a row tells nothing but its state.
  static func isQuiet(_ row: WorkerStatus) -> Bool {
    row == WorkerStatus(brick: row.brick, state: row.state)
  }

  private func settings(_ book: inout ContractBook) async throws(DRError) {
    let georep = ports.georep
    let before = try await georep.settings()
    let names = before.map(\.name)
    book.judge(
      .settingsListed,
      !names.isEmpty && names == names.sorted() && Set(names).count == names.count
        && !names.contains("checkpoint") && names.contains("sync_jobs"),
      "\(names.count) options")
    let jobs = before.first { $0.name == "sync_jobs" } ?? SessionSetting("sync_jobs", "3")
    let other = SessionSetting(jobs.name, jobs.value == "2" ? "3" : "2")
    var listed: [Bool] = []
    for setting in [other, other, jobs] {
      try await again { () async throws(DRError) in try await georep.set(setting) }
      let wanted = before.map { $0.name == setting.name ? setting : $0 }
      listed.append(try await georep.settings() == wanted)
    }
    book.judge(
      .settingChanged, listed == [true, true, true],
      "sync_jobs \(jobs.value), \(other.value), \(other.value), \(jobs.value): listed so \(listed)")
    let unknown = await error { () async throws(DRError) in
      try await georep.set(SessionSetting("drkit_has_no_such_option", "1"))
    }
    book.judge(.settingUnknown, unknown?.kind == .refused, unknown.map { "\($0)" } ?? "success")
    try await rsyncWords(before, &book)
  }

  /// A limit is words that gluster's CLI could take for its own, and taking it away may leave none.
  private func rsyncWords(_ before: [SessionSetting], _ book: inout ContractBook) async throws(DRError) {
    let was = before.value(of: RsyncOptions.name) ?? ""
    var listed: [String] = []
    let wanted = ["--bwlimit=4096 --ignore-times", "-I", "", "", was]
    for value in wanted {
      try await again { () async throws(DRError) in
        try await ports.georep.set(SessionSetting(RsyncOptions.name, value))
      }
      listed.append(try await ports.georep.settings().value(of: RsyncOptions.name) ?? "")
    }
    let after = try await ports.georep.settings()
    book.judge(
      .rsyncWords, listed == wanted && after == before,
      listed.map { "\"\($0)\"" }.joined(separator: ", ")
        + (after == before ? "" : "; not put back as it was"))
  }

  // MARK: The secondary cluster

  private func cluster(_ primary: VolumeGeometry, _ book: inout ContractBook) async throws(DRError) {
    let cluster = ports.cluster
    let geometry = try await cluster.geometry()
    book.judge(
      .secondaryGeometry,
      geometry.isStarted && geometry.name == ports.georep.session.secondaryVolume
        && !geometry.subvolumes.isEmpty && !geometry.subvolumes.contains([])
        && geometry.shardSize == primary.shardSize,
      "\(geometry.subvolumes.count) subvolume(s), shards of \(geometry.shardSize ?? 0)")
    var seen: [Bool] = []
    for flag in [false, false, true, true] {
      try await again { () async throws(DRError) in try await cluster.setReadOnly(flag) }
      seen.append(try await cluster.geometry().isReadOnly)
    }
    book.judge(.readOnlySwitch, seen == [false, false, true, true], "off, off, on, on: seen as \(seen)")
    try await readOnly(&book)
    try await again { () async throws(DRError) in try await cluster.setReadOnly(geometry.isReadOnly) }
    try await clients(&book)
  }

  /// The flag is on.
  private func readOnly(_ book: inout ContractBook) async throws(DRError) {
    let volume = secondaryContent
    let path = "\(volume.directory)/read-only"
    try await ports.cluster.setReadOnly(false)
    try await look(volume) { (view) async throws(DRError) in
      try await again { () async throws(DRError) in try await view.replace(path, with: [1]) }
    }
    try await ports.cluster.setReadOnly(true)
    let kinds = try await look(volume) { (view) async throws(DRError) -> [String] in
      [
        kind(await error { () async throws(DRError) in try await view.replace(path, with: [2]) }),
        kind(await error { () async throws(DRError) in try await view.remove(path) }),
        try await view.read(path) == [1] ? "as it was" : "changed",
      ]
    }
    book.judge(
      .readOnlyRefuses, kinds == ["refused", "refused", "as it was"],
      "replace \(kinds[0]), remove \(kinds[1]), the file is \(kinds[2])")
  }

  /// How many connections each brick tells.
  func connections() async throws(DRError) -> [BrickName: Int] {
    Dictionary(
      try await ports.cluster.clients().map { ($0.brick, $0.clients.count) },
      uniquingKeysWith: { max($0, $1) })
  }

  private func clients(_ book: inout ContractBook) async throws(DRError) {
    let bricks = Set(try await ports.cluster.geometry().subvolumes.joined())
    let before = try await quiet()
    book.judge(
      .clientsOfNobody, before.allSatisfy { $0.value > 0 && bricks.contains($0.key) },
      "\(before.count) of \(bricks.count) brick(s) told")
    let during = try await look(secondaryContent) { (_) async throws(DRError) in
      try await wait(for: "the bricks to show a view", within: .seconds(20)) {
        () async throws(DRError) -> [BrickName: Int]? in
        let now = try await connections()
        return now.allSatisfy { $0.value > before[$0.key] ?? 0 } ? now : nil
      }
    }
    let isOne = Set(during.keys) == bricks && during.allSatisfy { $0.value == (before[$0.key] ?? 0) + 1 }
    let after = await error { () async throws(DRError) in try await returns(to: before) }
    book.judge(
      .clientsShowViews, isOne && after == nil,
      "before \(Self.text(before)), with a view \(Self.text(during)), after it "
        + (after == nil ? "as before" : "still more"))
  }

  /// The connections when they have not changed for a while: mounts that ended show a moment longer.
  func quiet() async throws(DRError) -> [BrickName: Int] {
    var last = try await connections()
    var same = 0
    return try await wait(for: "the secondary's connections to stand still", within: .minutes(1)) {
      () async throws(DRError) -> [BrickName: Int]? in
      let now = try await connections()
      same = now == last ? same + 1 : 0
      last = now
      return same >= 3 ? now : nil
    }
  }

  func returns(to before: [BrickName: Int]) async throws(DRError) {
    try await wait(for: "the connections to end", within: .minutes(1)) {
      () async throws(DRError) -> Bool? in
      try await connections() == before ? true : nil
    }
  }

  static func text(_ counts: [BrickName: Int]) -> String {
    counts.isEmpty ? "none" : counts.sorted { $0.key < $1.key }.map { "\($0.value)" }.joined(separator: "/")
  }
}
