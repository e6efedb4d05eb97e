/// A machine of the cut that is not in the point after all.
struct MachineOut: Hashable, Sendable {
  var machine: VirtualMachineID
  var reason: String
}

/// Makes the point, with a verdict on each machine of the cut. Its looks at the engine are the run's last word on what happened in
/// mid-run, and later than the instant that the point says it was sealed at.
struct SealVerdicts {
  let context: RunContext
  let quiesced: Quiesced
  /// Machines whose images could not be brought back, or did not stand still while they were proved.
  let outs: [MachineOut]

  /// - Parameters:
  ///   - images: What was proved.
  ///   - undescribed: Machines whose configuration is not in the manifest.
  ///   - healed: Everything else at the destination is proved, too: a repair has done its work, unless a machine is out.
  /// - Throws: `.disproved` when machines were cut and none of them is in the point.
  func point(
    of images: [SealedImage], undescribed: [MachinePlan], healed: Bool
  ) async throws(DRError) -> RecoveryPoint {
    let sealed = context.ports.clock.now
    let stands = try await stands()
    let watch = try await watch()
    let verdicts = quiesced.machines.map { machine in
      verdict(on: machine, stands[machine.id], watch, isDescribed: !undescribed.contains(machine))
    }
    let out = verdicts.filter { $0.grade == .notInPoint }
    if let first = out.first, out.count == verdicts.count {
      throw DRError(
        .disproved, "seal", first.name,
        reason: "no machine of the cut is in the point: \(first.remarks.joined(separator: ", "))",
        remedy: "let nobody remove drkit's snapshots, or snapshot on top of them, while a run lasts")
    }
    for verdict in verdicts + watch.strangers where verdict.grade != .whole || !verdict.remarks.isEmpty {
      context.note(.seal, "\(verdict.grade.rawValue): \(verdict)")
    }
    let isHealed = healed && out.isEmpty && watch.strangers.isEmpty
    return RecoveryPoint(
      run: context.run, key: context.target.key, instant: quiesced.instant, sealed: sealed,
      images: images.filter { image in !out.contains { $0.machine == image.machine } },
      notInPoint: quiesced.notInPoint + newDisks(watch, out) + watch.strangers.map(\.description),
      leftOut: quiesced.leftOut + out.map(\.description)
        + undescribed.map { "\($0.name): \(Self.undescribed)" },
      diverged: isHealed ? nil : try await context.divergence()?.run, machines: verdicts + watch.strangers)
  }

  private static let undescribed = "its images are proved, its configuration is not in the manifest"

  /// Disks of machines of the point that came after the cut, in the words of the plan's own exclusions.
  private func newDisks(_ watch: MidRunWatch, _ out: [MachineVerdict]) -> [String] {
    quiesced.machines.filter { machine in !out.contains { $0.machine == machine.id } }.flatMap { machine in
      (watch.findings[machine.id] ?? []).filter(\.lowers).map { "\(machine.name)/\($0.remark)" }
    }
  }

  private func watch() async throws(DRError) -> MidRunWatch {
    let plan: QuiescePlan? = try await context.durable.recall(QuiescePhase.planStep)
    let domain = try await context.domain().id
    let now = try await context.durable.retrying { () async throws(DRError) in
      try await Inventory(engine: context.ports.engine).look(at: domain)
    }
    // After the look: what ended before it, unseen, is in the log by now.
    let events = try await EventLog(context: context).events(since: plan?.newestEvent)
    // A plan of an older version did not keep what it saw: then nothing is new.
    let before = plan?.seen ?? MidRunWatch.seen(now)
    return MidRunWatch(before: before, now: now, planned: quiesced.machines, events: events)
  }

  /// How each machine stands now that all content has been proved.
  private func stands() async throws(DRError) -> [VirtualMachineID: FreezeCheck.Stand] {
    let results = try await context.durable.each(quiesced.machines, limit: context.policy.concurrency) {
      (machine) async throws(DRError) in try await Self.stand(of: machine, context)
    }
    var stands: [VirtualMachineID: FreezeCheck.Stand] = [:]
    for (machine, result) in zip(quiesced.machines, results) { stands[machine.id] = try result.get() }
    return stands
  }

  static func stand(
    of machine: MachinePlan, _ context: RunContext
  ) async throws(DRError) -> FreezeCheck.Stand {
    let domain = try await context.domain().id
    let item = machine.id.description
    let snapshot: SnapshotID? = try await context.durable.recall(QuiescePhase.snapshotStep, item)
    return try await context.durable.retrying { () async throws(DRError) in
      try await FreezeCheck(engine: context.ports.engine).stand(machine, snapshot, on: domain)
    }
  }

  private func verdict(
    on machine: MachinePlan, _ stand: FreezeCheck.Stand?, _ watch: MidRunWatch, isDescribed: Bool
  ) -> MachineVerdict {
    var verdict = MachineVerdict(machine: machine.id, name: machine.name, grade: .whole)
    var reasons = outs.filter { $0.machine == machine.id }.map(\.reason)
    if let complaint = stand?.complaint, !reasons.contains(complaint) { reasons.append(complaint) }
    guard reasons.isEmpty else {
      verdict.grade = .notInPoint
      verdict.remarks = reasons
      return verdict
    }
    let foreign = stand?.remarks ?? []
    let findings = watch.findings(of: machine.id, isForeign: !foreign.isEmpty)
    let prefix = "\(machine.name)/"
    let uncut = quiesced.notInPoint.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    verdict.remarks = foreign + findings.map(\.remark) + uncut + (isDescribed ? [] : [Self.undescribed])
    if !foreign.isEmpty || !uncut.isEmpty || !isDescribed || findings.contains(where: \.lowers) {
      verdict.grade = .lowered
    }
    return verdict
  }
}
