import DRKit

/// Writes as a client of the volume makes them. At a primary each leaves its record in a changelog.
extension VolumeModel {
  /// Makes an image file of `size` bytes: with holes, or filled with `content` in every shard.
  /// - Returns: the file's slot in `files`.
  @discardableResult
  public mutating func createImage(_ path: String, size: Int64, filledWith content: ContentID = .hole) -> Int
  {
    let gfid = takeGfid()
    let count = max(1, shardCount(size))
    let slot = insert(
      VolumeFile(
        gfid: gfid, path: path, subvolume: placement(ofNewFile: path), bytes: nil, size: size,
        shards: Array(repeating: content, count: count), unsent: Array(repeating: 0, count: count),
        modified: Array(repeating: VolumeFile.unknownTime, count: count),
        recordedIn: Array(repeating: 0, count: count)))
    if content == .hole { files[slot].shards[0] = .empty }
    record(.create(gfid, path: path, isImage: true), on: files[slot].subvolume)
    recordSize(of: slot)
    if content != .hole {
      for shard in 0..<count {
        if shard > 0 { record(.makeShard(gfid, index: shard), on: placement(of: slot, shard: shard)) }
        let full = min(shardSize, size - Int64(shard) * shardSize)
        record(slot, shard: shard, bytes: UInt32(clamping: full), at: nil)
      }
    }
    return slot
  }

  /// Makes a small file, or gives an existing one new content (same gfid, as a plain overwrite does).
  @discardableResult
  public mutating func writeSmall(_ path: String, _ bytes: [UInt8], at now: Instant) -> Int {
    let slot: Int
    if let existing = self.slot(of: path) {
      slot = existing
    } else {
      let gfid = takeGfid()
      slot = insert(
        VolumeFile(
          gfid: gfid, path: path, subvolume: placement(ofNewFile: path), bytes: [], size: 0, shards: [.empty],
          unsent: [0], modified: [VolumeFile.unknownTime], recordedIn: [0]))
      record(.create(gfid, path: path, isImage: false), on: files[slot].subvolume)
    }
    nextVersion += 1
    files[slot].bytes = bytes
    files[slot].size = Int64(bytes.count)
    files[slot].shards[0] = ContentID(nextVersion)
    files[slot].modified[0] = VolumeFile.second(of: now)
    recordSize(of: slot)
    record(slot, shard: 0, bytes: UInt32(clamping: bytes.count), at: now)
    return slot
  }

  /// `<path>.new`, then rename: how vdsm writes `.meta`. The result is another file (another gfid).
  public mutating func replaceSmall(_ path: String, _ bytes: [UInt8], at now: Instant) {
    let fresh = path + ".new"
    let slot = writeSmall(fresh, bytes, at: now)
    record(.rename(files[slot].gfid, from: fresh, to: path), on: files[slot].subvolume)
    move(slot, to: path)
  }

  /// False if there is no such file.
  @discardableResult
  public mutating func remove(_ path: String) -> Bool {
    guard let slot = slot(of: path) else { return false }
    record(.unlink(files[slot].gfid, path: path), on: files[slot].subvolume)
    unlink(slot)
    return true
  }

  /// A write of `bytes` bytes into one shard of an image; the shard has `content` afterwards.
  @inline(__always)
  public mutating func write(_ slot: Int, shard: Int, _ content: ContentID, bytes: UInt32, at now: Instant) {
    if files[slot].shards[shard] == .hole {
      record(.makeShard(files[slot].gfid, index: shard), on: placement(of: slot, shard: shard))
    }
    files[slot].shards[shard] = content
    files[slot].modified[shard] = VolumeFile.second(of: now)
    record(slot, shard: shard, bytes: bytes, at: now)
  }

  /// Lets an image grow; new shards are holes.
  public mutating func grow(_ slot: Int, to size: Int64) {
    guard size > files[slot].size else { return }
    resize(slot, to: size)
    recordSize(of: slot)
  }

  mutating func resize(_ slot: Int, to size: Int64) {
    files[slot].size = size
    let count = max(1, shardCount(size))
    while files[slot].shards.count < count {
      files[slot].shards.append(.hole)
      files[slot].unsent.append(0)
      files[slot].modified.append(VolumeFile.unknownTime)
      files[slot].recordedIn.append(0)
    }
  }

  /// `touch` of a mount's root: an event on every subvolume, and no data.
  public mutating func touchRoot() {
    for subvolume in subvolumes.indices { record(.touchRoot, on: subvolume) }
  }

  public mutating func setReadOnly(_ readOnly: Bool) { isReadOnly = readOnly }

  func shardCount(_ size: Int64) -> Int { Int((size + shardSize - 1) / shardSize) }

  // MARK: Changelogs

  /// Closes the changelog of a subvolume. Whether something was in it.
  mutating func rollOver(_ subvolume: Int, at now: Instant) -> Bool {
    nextChangelog += 1
    return changelogs[subvolume].rollOver(at: now, next: nextChangelog)
  }

  /// Nothing of what was written so far is to be replicated: it is there already.
  mutating func forgetChangelogs() {
    for index in changelogs.indices {
      changelogs[index].forgetAll()
      nextChangelog += 1
      changelogs[index].number = nextChangelog
    }
    for slot in files.indices {
      for shard in files[slot].unsent.indices { files[slot].unsent[shard] = 0 }
    }
  }

  private mutating func takeGfid() -> Gfid {
    nextGfid += 1
    return Gfid(nextGfid)
  }

  private mutating func record(_ entry: EntryOperation, on subvolume: Int) {
    if changelogs.isEmpty { return }
    changelogs[subvolume].entries.append(entry)
  }

  private mutating func recordSize(of slot: Int) {
    if changelogs.isEmpty { return }
    let subvolume = files[slot].subvolume
    let number = changelogs[subvolume].number
    if files[slot].sizeRecordedIn == number { return }
    files[slot].sizeRecordedIn = number
    changelogs[subvolume].dirty.append(DirtyShard(gfid: files[slot].gfid, index: DirtyShard.sizeOnly))
  }

  @inline(__always)
  private mutating func record(_ slot: Int, shard: Int, bytes: UInt32, at now: Instant?) {
    if changelogs.isEmpty { return }
    let waiting = files[slot].unsent[shard]
    files[slot].unsent[shard] = UInt32(
      truncatingIfNeeded: min(Int64(waiting) + Int64(bytes), min(shardSize, Int64(UInt32.max))))
    let subvolume = placement(of: slot, shard: shard)
    let number = changelogs[subvolume].number
    if files[slot].recordedIn[shard] == number { return }
    files[slot].recordedIn[shard] = number
    let gfid = files[slot].gfid
    if loss != nil, let now, loses(gfid, Int32(shard), isFirst: waiting == 0, at: now) { return }
    changelogs[subvolume].dirty.append(DirtyShard(gfid: gfid, index: Int32(truncatingIfNeeded: shard)))
  }

  private mutating func loses(_ gfid: Gfid, _ shard: Int32, isFirst: Bool, at now: Instant) -> Bool {
    guard let plan = loss, plan.gfid == gfid else { return false }
    if now >= plan.until {
      loss = nil
      return false
    }
    if plan.shard == nil && isFirst { loss?.shard = shard }
    guard loss?.shard == shard else { return false }
    lostRecords += 1
    return true
  }
}
