import DRKit

/// A piece of the engine's work while it is being done.
struct WorkInProgress: Sendable {
  let work: EngineWork
  /// From the beginning to the end, for a snapshot.
  var length: TimeSpan
  /// The description of the snapshot that it is about.
  var description: String
  var isOver = false
  /// A merge whose block job does not get ready.
  var isStalled = false
}

/// What hosts and vdsm do for the engine, in the order in which they do it (docs/real-systems.md,
/// "vdsm's files").
extension SimulatedWorld {
  func beginWork(_ work: EngineWork, at now: Instant) {
    let index = works.count
    let length = workDraws.span(in: plan.engine.snapshot)
    var description = ""
    if case .snapshot(let machine, let snapshot, _) = work.kind {
      description = (try? engine.snapshot(snapshot, of: machine))?.description ?? ""
    }
    works.append(WorkInProgress(work: work, length: length, description: description))
    switch work.kind {
    case .snapshot: continueWork(index, stage: 0, after: part(length, 4))
    case .merge: continueWork(index, stage: 0, after: .seconds(1))
    case .updateOVF: continueWork(index, stage: 0, after: workDraws.span(in: .seconds(1)...(.seconds(3))))
    }
  }

  func advanceWork(_ index: Int, stage: Int, at now: Instant) {
    guard !works[index].isOver else { return }
    switch works[index].work.kind {
    case .snapshot(_, _, let steps): advanceSnapshot(index, steps, stage: stage, at: now)
    case .merge(_, _, let steps): advanceMerge(index, steps, stage: stage, at: now)
    case .updateOVF:
      if works[index].work.doomed == nil { writeOVFStore(at: now) }
      finishWork(index, .done, at: now)
    }
  }

  /// Tenths of a length.
  private func part(_ length: TimeSpan, _ tenths: Int64) -> TimeSpan {
    TimeSpan(nanoseconds: length.nanoseconds / 10 * tenths)
  }

  private func continueWork(_ index: Int, stage: Int, after span: TimeSpan) {
    loop.schedule(after: span, kind: WorldEventKind.work, a: UInt32(index), b: Int64(stage))
  }

  private func finishWork(_ index: Int, _ outcome: WorkOutcome, at now: Instant) {
    works[index].isOver = true
    engine.finish(works[index].work.id, outcome: outcome, now: now)
    if case .snapshot(let machine, let snapshot, _) = works[index].work.kind, case .done = outcome,
      foreignSnapshots.values.contains(snapshot)
    {
      oracle.happened(Disturbance(.foreignSnapshot(snapshot), machine, at: now))
    }
    for step in works[index].work.steps { writeMetadata(of: step.disk, at: now) }
  }

  // MARK: Snapshot

  /// 0: the overlays exist and the bases' `.meta` say INTERNAL, while guests still write to the bases. 1: qemu switches.
  /// 2: the engine learns it.
  private func advanceSnapshot(_ index: Int, _ steps: [VolumeStep], stage: Int, at now: Instant) {
    let length = works[index].length
    switch stage {
    case 0:
      engine.snapshotVolumesCreated(works[index].work.id)
      for step in steps { createOverlay(step, at: now) }
      continueWork(index, stage: 1, after: part(length, 5))
    case 1:
      if let reason = works[index].work.doomed {
        for step in steps { removeOverlayFiles(step, at: now) }
        return finishWork(index, .failed(reason: reason), at: now)
      }
      for step in steps { switchToOverlay(step, works[index].description, at: now) }
      continueWork(index, stage: 2, after: part(length, 1))
    default: finishWork(index, .done, at: now)
    }
  }

  /// A fresh qcow2: header and empty tables.
  private static let emptyOverlay: Int64 = 256 << 10

  private func createOverlay(_ step: VolumeStep, at now: Instant) {
    let path = VDSMLayout.volumePath(domain.id, step.disk, step.overlay)
    let slot = session.primary.createImage(path, size: Self.emptyOverlay)
    session.primary.write(
      slot, shard: 0, ContentID(nextWrite), bytes: UInt32(Self.emptyOverlay), at: now)
    nextWrite += 1
    used += Self.emptyOverlay
    session.primary.writeSmall(VDSMLayout.leasePath(domain.id, step.disk, step.overlay), [0], at: now)
    writeMetadata(of: step.disk, at: now)
  }

  private func switchToOverlay(_ step: VolumeStep, _ description: String, at now: Instant) {
    let path = VDSMLayout.volumePath(domain.id, step.disk, step.overlay)
    guard let index = guestOfDisk[step.disk], let slot = session.primary.slot(of: path) else { return }
    guard let base = guests[index].layers.last else { return }
    let shards = session.primary.shardCount(guests[index].size)
    if description.hasPrefix(Self.ourSnapshots) {
      oracle.froze(
        FrozenImage(
          disk: step.disk, base: step.base, overlay: step.overlay, description: description, at: now,
          size: session.primary.files[base.slot].size, shards: session.primary.files[base.slot].shards))
    }
    guests[index].layers.append(
      GuestLayer(
        volume: step.overlay, slot: slot, contents: Array(repeating: .hole, count: shards),
        bytes: Array(repeating: 0, count: shards), size: Self.emptyOverlay))
  }

  private func removeOverlayFiles(_ step: VolumeStep, at now: Instant) {
    let path = VDSMLayout.volumePath(domain.id, step.disk, step.overlay)
    used -= session.primary.file(path)?.size ?? 0
    session.primary.remove(VDSMLayout.metadataPath(domain.id, step.disk, step.overlay))
    session.primary.remove(path)
    session.primary.remove(VDSMLayout.leasePath(domain.id, step.disk, step.overlay))
  }

  // MARK: Merge

  /// Each disk takes two stages: a half of what the overlay holds is folded into the base, then all of it, with what was
  /// written meanwhile, and the pivot. The stage after the last disk ends the work.
  private func advanceMerge(_ index: Int, _ steps: [VolumeStep], stage: Int, at now: Instant) {
    let current = stage / 2
    guard current < steps.count else { return finishWork(index, .done, at: now) }
    let step = steps[current]
    if stage % 2 == 0 {
      fold(step, half: true, at: now)
      if let reason = works[index].work.doomed { return finishWork(index, .failed(reason: reason), at: now) }
      let bytes = session.primary.file(VDSMLayout.volumePath(domain.id, step.disk, step.overlay))?.size ?? 0
      let span = TimeSpan(nanoseconds: Int64(Double(bytes) / Double(max(1, plan.engine.merge)) * 1e9))
      return continueWork(index, stage: stage + 1, after: span + .milliseconds(300))
    }
    if mergeStalls(isFirst: !works[index].isStalled) {
      works[index].isStalled = true
      return continueWork(index, stage: stage, after: .seconds(5))
    }
    works[index].isStalled = false
    fold(step, half: false, at: now)
    if let guest = guestOfDisk[step.disk],
      let layer = guests[guest].layers.firstIndex(where: { $0.volume == step.overlay })
    {
      guests[guest].layers.remove(at: layer)
    }
    removeOverlayFiles(step, at: now)
    engine.volumeMerged(works[index].work.id, disk: step.disk)
    writeMetadata(of: step.disk, at: now)
    continueWork(index, stage: stage + 1, after: .milliseconds(500))
  }

  private func fold(_ step: VolumeStep, half: Bool, at now: Instant) {
    guard let guest = guestOfDisk[step.disk],
      let top = guests[guest].layers.firstIndex(where: { $0.volume == step.overlay }), top > 0
    else { return }
    let overlay = guests[guest].layers[top]
    let count = half ? overlay.contents.count / 2 : overlay.contents.count
    let isBottom = top == 1
    for shard in 0..<count where overlay.contents[shard] != .hole {
      if isBottom {
        session.primary.write(
          guests[guest].layers[0].slot, shard: shard, overlay.contents[shard], bytes: overlay.bytes[shard],
          at: now)
      } else {
        foldInto(guest, top - 1, shard, overlay.contents[shard], overlay.bytes[shard], at: now)
      }
    }
  }

  /// Into an overlay below.
  private func foldInto(
    _ guest: Int, _ below: Int, _ shard: Int, _ content: ContentID, _ bytes: UInt32, at now: Instant
  ) {
    let held = guests[guest].layers[below].bytes[shard]
    let grown = min(Int64(bytes), plan.primary.shard - Int64(held))
    guests[guest].layers[below].contents[shard] = content
    guests[guest].layers[below].bytes[shard] = held + UInt32(truncatingIfNeeded: grown)
    guests[guest].layers[below].size += grown
    let slot = guests[guest].layers[below].slot
    session.primary.grow(slot, to: guests[guest].layers[below].size)
    used += grown
    let place = Int((guests[guest].layers[below].size - 1) / plan.primary.shard)
    session.primary.write(slot, shard: place, content, bytes: bytes, at: now)
  }

  // MARK: OVF_STORE

  func updateOVFStoreByItself(at now: Instant) {
    _ = try? engine.updateOVFStore(of: domain.id, now: now)
    loop.schedule(after: plan.engine.ovfStore, kind: WorldEventKind.ovfStore)
  }
}
