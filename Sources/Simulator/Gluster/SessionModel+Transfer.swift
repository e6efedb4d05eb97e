import DRKit

/// How a batch crosses the link: entries, then shards by a few rsync jobs.
extension SessionModel {
  private static let entryBytes: Int64 = 512
  /// Checksums and protocol of one rsync, besides the data.
  private static let shardOverhead: Int64 = 4_096

  mutating func sendEntries(_ index: Int, at now: Instant) {
    guard workers[index].state == .active, let batch = workers[index].batch else { return }
    let bytes = Int64(batch.entries.count + batch.sizes.count + 1) * Self.entryBytes
    link.begin(linkID(index, timings.jobs), bytes: bytes, at: now)
  }

  mutating func sendShard(_ index: Int, job: Int, at now: Instant) {
    guard workers[index].state == .active, let transfer = workers[index].jobs[job] else { return }
    if !faults.copiesNothing(at: now) && !transfer.isPassedOver && transfer.stale == nil { tear(transfer) }
    let bytes = transfer.isPassedOver ? 0 : transfer.bytes
    link.begin(linkID(index, job), bytes: bytes + Self.shardOverhead, at: now)
  }

  /// Transfers that are through.
  mutating func deliver(at now: Instant) {
    for id in link.take(at: now) {
      let index = Int(id) / (timings.jobs + 1)
      let job = Int(id) % (timings.jobs + 1)
      guard workers[index].state == .active else { continue }
      if job == timings.jobs { applyEntries(index, at: now) } else { finishShard(index, job: job, at: now) }
    }
  }

  private mutating func applyEntries(_ index: Int, at now: Instant) {
    guard let batch = workers[index].batch else { return }
    for entry in batch.entries { secondary.apply(entry) }
    if !faults.copiesNothing(at: now) {
      for gfid in batch.sizes {
        guard let slot = primary.slot(of: gfid), primary.files[slot].isAlive else { continue }
        secondary.receiveSize(primary.files[slot].size, of: gfid, like: primary.files[slot])
      }
    }
    workers[index].batch?.entriesAreDone = true
    fillJobs(index, at: now)
  }

  /// Gives every free job a shard; ends the batch when there is none left and none under way.
  private mutating func fillJobs(_ index: Int, at now: Instant) {
    for job in 0..<timings.jobs where workers[index].jobs[job] == nil {
      guard let transfer = nextTransfer(index) else { break }
      workers[index].jobs[job] = transfer
      workers[index].batch?.inFlight += 1
      if slowness > 1 { faults.bites.slow += 1 }
      let cost = timings.shard * (Int64(timings.jobs) * slowness) + link.latency * 2
      agenda.add(now + cost, .shardReady, index, Int64(job))
    }
    if let batch = workers[index].batch, batch.inFlight == 0 { finishBatch(index, at: now) }
  }

  /// What was removed meanwhile is passed over, as rsync's `--ignore-missing-args` does.
  private mutating func nextTransfer(_ index: Int) -> TransferJob? {
    guard var batch = workers[index].batch else { return nil }
    defer { workers[index].batch?.next = batch.next }
    while batch.next < batch.data.count {
      let dirty = batch.data[batch.next]
      batch.next += 1
      guard let slot = primary.slot(of: dirty.gfid), primary.files[slot].isAlive else { continue }
      let shard = Int(dirty.index)
      guard shard < primary.files[slot].shards.count else { continue }
      return TransferJob(
        dirty: dirty, slot: slot, before: primary.files[slot].shards[shard],
        length: primary.files[slot].size,
        stale: hasPageCache ? workers[index].pages[dirty] : nil,
        second: primary.files[slot].modified[shard],
        isPassedOver: hasQuickCheck
          && secondary.looksTheSame(dirty.gfid, shard: shard, like: primary.files[slot]),
        bytes: Int64(primary.files[slot].unsent[shard]))
    }
    return nil
  }

  /// rsync writes in place: from the first byte on the shard at the secondary is neither old nor new.
  private mutating func tear(_ transfer: TransferJob) {
    let shard = Int(transfer.dirty.index)
    guard primary.files[transfer.slot].isAlive, primary.files[transfer.slot].isImage else { return }
    tornSerial += 1
    secondary.tear(
      transfer.dirty.gfid, shard: shard, unless: primary.files[transfer.slot].shards[shard],
      .torn(tornSerial))
  }

  private mutating func finishShard(_ index: Int, job: Int, at now: Instant) {
    guard let transfer = workers[index].jobs[job] else { return }
    workers[index].jobs[job] = nil
    workers[index].batch?.inFlight -= 1
    if faults.copiesNothing(at: now) {
      faults.biteCopiesNothing()
    } else if transfer.isPassedOver {
      faults.bitePassedOver()
    } else if primary.files[transfer.slot].isAlive {
      receive(transfer, by: index)
    }
    fillJobs(index, at: now)
  }

  private mutating func receive(_ transfer: TransferJob, by index: Int) {
    let shard = Int(transfer.dirty.index)
    if let stale = transfer.stale {
      faults.biteStalePages()
      return secondary.receive(
        stale, shard: shard, like: primary.files[transfer.slot], second: transfer.second)
    }
    var content = primary.files[transfer.slot].shards[shard]
    if primary.files[transfer.slot].isImage && content != transfer.before {
      // Overtaken by a write: a mix, until the write's own record has it sent again.
      tornSerial += 1
      content = .torn(tornSerial)
    } else {
      primary.files[transfer.slot].unsent[shard] = 0
    }
    if hasPageCache && primary.files[transfer.slot].isImage { workers[index].pages[transfer.dirty] = content }
    secondary.receive(
      content, shard: shard, like: primary.files[transfer.slot], second: transfer.second)
    if !primary.files[transfer.slot].isImage {
      secondary.cutOff(transfer.dirty.gfid, at: transfer.length)
    }
  }
}
