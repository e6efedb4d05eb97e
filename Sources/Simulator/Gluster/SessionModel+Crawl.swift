import DRKit

/// History, live and hybrid crawls: which changelogs become a worker's next batch.
extension SessionModel {
  mutating func rollOver(_ subvolume: Int, at now: Instant) {
    agenda.add(now + primary.rollover, .rollover, subvolume)
    guard primary.rollOver(subvolume, at: now) else { return }
    for index in workers.indices
    where workers[index].subvolume == subvolume && workers[index].state == .active
      && workers[index].crawl == .changelog && workers[index].batch == nil
    {
      takeLiveBatch(index, at: now)
    }
  }

  /// The worker has no batch and looks for one.
  mutating func crawl(_ index: Int, at now: Instant) {
    guard workers[index].state == .active, workers[index].batch == nil else { return }
    if workers[index].crawl == .changelog { return takeLiveBatch(index, at: now) }
    let subvolume = workers[index].subvolume
    if workedOff[subvolume] == nil {
      workers[index].crawl = .hybrid
      return begin(hybridBatch(of: subvolume, at: now), index, at: now)
    }
    workers[index].crawl = .history
    if let batch = nextBatch(of: subvolume) { return begin(batch, index, at: now) }
    workers[index].crawl = .changelog
    takeLiveBatch(index, at: now)
  }

  private mutating func takeLiveBatch(_ index: Int, at now: Instant) {
    guard let batch = nextBatch(of: workers[index].subvolume) else { return }
    // Active, idle to look at, and deaf: only a new worker's history crawl will see these changelogs.
    if workers[index].isStalled { return faults.biteStall() }
    begin(batch, index, at: now)
  }

  /// All closed changelogs that are not worked off.
  private func nextBatch(of subvolume: Int) -> Batch? {
    guard let floor = workedOff[subvolume] else { return nil }
    var batch: Batch?
    for log in primary.changelogs[subvolume].closed where log.end > floor {
      var grown = batch ?? Batch(end: log.end, entries: [], sizes: [], data: [])
      grown.end = log.end
      grown.entries += log.entries
      add(log.dirty, to: &grown)
      batch = grown
    }
    return batch.map(withoutRepeats)
  }

  private func add(_ dirty: [DirtyShard], to batch: inout Batch) {
    for shard in dirty {
      if shard.index == DirtyShard.sizeOnly {
        batch.sizes.append(shard.gfid)
      } else {
        batch.data.append(shard)
      }
    }
  }

  /// A shard that is dirty in many changelogs is sent once.
  private func withoutRepeats(_ batch: Batch) -> Batch {
    var batch = batch
    var seen = Set<DirtyShard>(minimumCapacity: batch.data.count)
    batch.data = batch.data.filter { seen.insert($0).inserted }
    return batch
  }

  /// The first sync: everything that there is on the subvolume.
  private func hybridBatch(of subvolume: Int, at now: Instant) -> Batch {
    var batch = Batch(end: Instant(epochSeconds: now.epochSeconds), entries: [], sizes: [], data: [])
    for slot in primary.files.indices where primary.files[slot].isAlive {
      let file = primary.files[slot]
      if file.subvolume == subvolume {
        batch.entries.append(.create(file.gfid, path: file.path, isImage: file.isImage))
        batch.sizes.append(file.gfid)
      }
      for shard in file.shards.indices
      where file.shards[shard] != .hole && primary.placement(of: slot, shard: shard) == subvolume {
        if shard > 0 { batch.entries.append(.makeShard(file.gfid, index: shard)) }
        batch.data.append(DirtyShard(gfid: file.gfid, index: Int32(shard)))
      }
    }
    return batch
  }

  private mutating func begin(_ batch: Batch, _ index: Int, at now: Instant) {
    workers[index].batch = batch
    let entries = TimeSpan(nanoseconds: timings.entry.nanoseconds * Int64(batch.entries.count) * slowness)
    let delay = draws.span(in: timings.batch) + link.latency * 2 + entries
    agenda.add(now + delay, .entriesReady, index)
  }

  /// Everything of the batch has been handled: stime moves to the end of its last changelog, less a second.
  mutating func finishBatch(_ index: Int, at now: Instant) {
    guard let batch = workers[index].batch else { return }
    let subvolume = workers[index].subvolume
    workers[index].batch = nil
    if let known = workedOff[subvolume], known > batch.end { return crawl(index, at: now) }
    workedOff[subvolume] = batch.end
    primary.trimChangelogs(of: subvolume, upTo: batch.end)
    crawl(index, at: now)
  }

  /// `LAST_SYNCED`: the end of the last changelog worked off, less a second (gsyncd `primary.py`).
  func stime(of subvolume: Int) -> Instant? {
    workedOff[subvolume].map { Instant(epochSeconds: $0.epochSeconds - 1) }
  }
}
