import DRKit

/// What gsyncd does to a secondary: by gfid, past the read-only flag (its mount has client-pid -1).
extension VolumeModel {
  /// Applies an entry operation. Again with the same is the same: a history crawl repeats what was done before.
  mutating func apply(_ entry: EntryOperation) {
    switch entry {
    case .create(let gfid, let path, let isImage):
      if let slot = slot(of: gfid), files[slot].isAlive {
        // Known: replayed. Shards that came before their file get their name now.
        if files[slot].path.isEmpty { link(slot, path) }
        return
      }
      // One that was removed is made again, here too; but not in the place of another file (gsyncd then asks the primary which of
      // the two is there).
      if slot(of: gfid) != nil, slot(of: path) != nil { return }
      _ = insert(Self.blank(gfid, path: path, subvolume: placement(ofNewFile: path), isImage: isImage))
    case .unlink(let gfid, let path):
      guard let slot = slot(of: path), files[slot].gfid == gfid else {
        // The name leads elsewhere, or nowhere: left alone.
        return
      }
      unlink(slot)
    case .rename(let gfid, let from, let to):
      guard let slot = slot(of: gfid), files[slot].isAlive else { return }
      if files[slot].path == from || files[slot].path.isEmpty { move(slot, to: to) }
    case .makeShard(let gfid, let index):
      let slot = self.slot(of: gfid) ?? insert(Self.blank(gfid, path: "", subvolume: 0, isImage: true))
      guard files[slot].isAlive else { return }
      stretch(slot, toHold: index)
      files[slot].lost.remove(index)
      if files[slot].shards[index] == .hole { files[slot].shards[index] = .empty }
    case .touchRoot:
      // Directories have no attributes here.
      break
    }
  }

  mutating func receiveSize(_ size: Int64, of gfid: Gfid, like model: VolumeFile) {
    guard let slot = slot(of: gfid), files[slot].isAlive, model.isImage else { return }
    resize(slot, to: size)
  }

  /// Whether rsync's quick check takes the copy for the same: a size and a second that agree.
  func looksTheSame(_ gfid: Gfid, shard: Int, like model: VolumeFile) -> Bool {
    guard let slot = slot(of: gfid), files[slot].isAlive, files[slot].shards.indices.contains(shard),
      files[slot].shards[shard] != .hole, model.isImage || files[slot].size == model.size
    else { return false }
    let second = files[slot].modified[shard]
    return second != VolumeFile.unknownTime && second == model.modified[shard]
  }

  /// - Parameter second: The modification time that the copy gets: the sender's when it looked at the file.
  mutating func receive(
    _ content: ContentID, shard: Int, like model: VolumeFile, second: Int32 = VolumeFile.unknownTime
  ) {
    let slot =
      self.slot(of: model.gfid)
      ?? insert(Self.blank(model.gfid, path: "", subvolume: 0, isImage: model.isImage))
    guard files[slot].isAlive else { return }
    if let bytes = model.bytes {
      if files[slot].isWatched && files[slot].bytes != bytes { watchedChanges += 1 }
      files[slot].bytes = bytes
      files[slot].size = model.size
      files[slot].shards[0] = content
      files[slot].modified[0] = second
      return
    }
    if files[slot].lost.contains(shard) { return }
    stretch(slot, toHold: shard)
    files[slot].modified[shard] = second
    if files[slot].shards[shard] == content { return }
    files[slot].shards[shard] = content
    if files[slot].isWatched { watchedChanges += 1 }
  }

  /// A small file that grew while it was read came with no more bytes than it had at first.
  mutating func cutOff(_ gfid: Gfid, at length: Int64) {
    guard let slot = slot(of: gfid), files[slot].isAlive, let bytes = files[slot].bytes,
      bytes.count > length
    else { return }
    files[slot].bytes = Array(bytes.prefix(Int(length)))
    files[slot].size = length
    files[slot].modified[0] = VolumeFile.unknownTime
  }

  mutating func tear(_ gfid: Gfid, shard: Int, unless content: ContentID, _ mix: ContentID) {
    guard let slot = slot(of: gfid), files[slot].isAlive, !files[slot].lost.contains(shard) else { return }
    stretch(slot, toHold: shard)
    if files[slot].shards[shard] == content { return }
    files[slot].shards[shard] = mix
    files[slot].modified[shard] = VolumeFile.unknownTime
    if files[slot].isWatched { watchedChanges += 1 }
  }

  /// The brick's file of a shard vanishes, or is cut off and so holds `rest`. False if there is no such shard.
  mutating func damage(
    _ gfid: Gfid, shard: Int, _ damage: SessionFaults.ShardDamage, _ rest: ContentID
  ) -> Bool {
    guard let slot = slot(of: gfid), files[slot].isAlive, files[slot].shards.indices.contains(shard),
      files[slot].shards[shard] != .hole
    else { return false }
    files[slot].shards[shard] = damage == .lost ? .hole : rest
    // Cut off, it has another size.
    files[slot].modified[shard] = VolumeFile.unknownTime
    if damage == .lost { files[slot].lost.insert(shard) }
    if files[slot].isWatched { watchedChanges += 1 }
    return true
  }

  /// Counts changes of these files' contents from now on, and of no others.
  mutating func watch(_ paths: [String]) {
    for slot in files.indices where files[slot].isWatched { files[slot].isWatched = false }
    for path in paths {
      if let slot = slot(of: path) { files[slot].isWatched = true }
    }
    watchedChanges = 0
  }

  /// The secondary as a first sync of long ago left it.
  mutating func copyAll(from primary: VolumeModel) {
    for file in primary.files where file.isAlive {
      var copy = file
      copy.unsent = Array(repeating: 0, count: file.shards.count)
      copy.recordedIn = Array(repeating: 0, count: file.shards.count)
      _ = insert(copy)
    }
  }

  mutating func trimChangelogs(of subvolume: Int, upTo end: Instant) {
    changelogs[subvolume].trim(upTo: end)
  }

  private mutating func stretch(_ slot: Int, toHold shard: Int) {
    while files[slot].shards.count <= shard {
      files[slot].shards.append(.hole)
      files[slot].unsent.append(0)
      files[slot].modified.append(VolumeFile.unknownTime)
      files[slot].recordedIn.append(0)
    }
  }

  private static func blank(_ gfid: Gfid, path: String, subvolume: Int, isImage: Bool) -> VolumeFile {
    VolumeFile(
      gfid: gfid, path: path, subvolume: subvolume, bytes: isImage ? nil : [], size: 0, shards: [.empty],
      unsent: [0], modified: [VolumeFile.unknownTime], recordedIn: [0])
  }
}
