import DRKit
import Testing

@testable import Simulator

/// Each measured surprise of a real Gluster (docs/real-systems.md, "Gluster"), in the model.
@Suite("Simulated Gluster: the surprises of the real one")
struct GlusterSurprises {
  static let image = "sd/images/d/base"

  static func withImage(shards: Int64) -> (inout VolumeModel) -> Void {
    { volume in
      volume.createImage(image, size: shards * 64 << 20, filledWith: ContentID(17))
    }
  }

  @Test("rsync copies nothing: the entry is there, the file is empty, and the checkpoint completes")
  func copiesNothing() {
    let lab = GlusterLab(prepare: Self.withImage(shards: 4))
    lab.session.faults.copyNothingUntil = lab.now + .minutes(10)
    lab.write(Self.image, shard: 2)
    #expect(lab.pass())
    #expect(lab.secondaryShards(Self.image) != lab.primaryShards(Self.image))
    #expect(lab.session.secondary.read("tick") == [])
    #expect(lab.session.bites.copyNothing > 0)
  }

  @Test("a lost shard never heals by itself: later checkpoints say Yes with it still missing")
  func lostShard() {
    let lab = GlusterLab(prepare: Self.withImage(shards: 4))
    lab.session.loseShard(ofImage: Self.image, until: lab.now + .minutes(1))
    lab.write(Self.image, shard: 1)
    for _ in 0..<3 { #expect(lab.pass()) }
    #expect(lab.session.bites.shardLost == 1)
    #expect(lab.secondaryShards(Self.image)?[1] == ContentID(17))
    #expect(lab.primaryShards(Self.image)?[1] != ContentID(17))
  }

  @Test(
    "a write within the second of the copy before it is passed over by rsync's quick check, and arrives without it",
    arguments: [true, false])
  func quickCheck(_ isOn: Bool) {
    let lab = GlusterLab(prepare: Self.withImage(shards: 4))
    if isOn {
      let isSet = lab.session.set(SessionSetting("rsync_options", ""), at: lab.now)
      #expect(isSet)
    }
    lab.session.start(at: lab.now)
    // A guest that writes ten times a second, and rests just when the first copy of its shard has begun.
    var rests = false
    while !rests {
      lab.advance(.milliseconds(100))
      let second = VolumeFile.second(of: lab.now)
      rests = lab.session.workers.contains {
        $0.jobs.contains { $0?.dirty.index == 1 && $0?.second == second }
      }
      lab.write(Self.image, shard: 1)
    }
    lab.advance(.seconds(20))
    lab.session.stop(at: lab.now)
    for _ in 0..<3 { #expect(lab.pass()) }
    #expect((lab.session.bites.passedOver > 0) == isOn)
    #expect((lab.secondaryShards(Self.image) != lab.primaryShards(Self.image)) == isOn)
  }

  @Test(
    "a worker sends what its mount read first, however often a shard is written; a mount that drops its pages does not",
    arguments: [true, false])
  func pageCache(_ isOn: Bool) {
    let lab = GlusterLab(prepare: Self.withImage(shards: 4))
    if isOn {
      let isSet = lab.session.set(
        SessionSetting("gluster_params", "aux-gfid-mount acl"), at: lab.now)
      #expect(isSet)
    }
    lab.session.start(at: lab.now)
    for _ in 0..<3 {
      lab.write(Self.image, shard: 1)
      lab.advance(.seconds(40))
    }
    lab.session.stop(at: lab.now)
    // The next worker begins after what this one took for sent.
    for _ in 0..<3 { #expect(lab.pass()) }
    #expect((lab.session.bites.stalePages > 0) == isOn)
    #expect((lab.secondaryShards(Self.image) != lab.primaryShards(Self.image)) == isOn)
  }

  @Test(
    "a small file that grows while a worker reads it arrives cut off at the length it had, until it is sent again"
  )
  func growingFile() {
    let lab = GlusterLab(prepare: Self.withImage(shards: 1))
    lab.session.primary.writeSmall("tick", [1], at: lab.now)
    lab.session.start(at: lab.now)
    var hasBegun = false
    while !hasBegun {
      lab.advance(.milliseconds(100))
      hasBegun = lab.session.workers.contains { worker in
        worker.jobs.contains { job in job.map { lab.session.primary.files[$0.slot].path == "tick" } ?? false }
      }
    }
    lab.session.primary.writeSmall("tick", [2, 3], at: lab.now)
    let cut = lab.time(within: .minutes(1)) { $0.session.secondary.read("tick") == [2] }
    #expect(cut != nil)
    let whole = lab.time(within: .minutes(1)) { $0.session.secondary.read("tick") == [2, 3] }
    #expect(whole != nil)
  }

  @Test("a stalled live crawl looks Active and idle for ever; a new worker delivers")
  func stall() {
    let lab = GlusterLab(prepare: Self.withImage(shards: 4))
    lab.session.faults.stallNext = 1
    lab.session.start(at: lab.now)
    lab.advance(.seconds(40))
    lab.write(Self.image, shard: 3)
    _ = lab.session.setCheckpoint(at: lab.now)
    lab.advance(.seconds(2))
    lab.tick()
    let before = lab.rows()[0]
    lab.advance(.minutes(10))
    let row = lab.rows()[0]
    #expect(row.state == .active && row.crawl == .changelog)
    #expect(row.dataPending == 0 && row.entriesPending == 0 && row.checkpointCompleted == false)
    #expect(row.lastSynced == before.lastSynced)
    lab.session.stop(at: lab.now)
    lab.session.start(at: lab.now)
    let healed = lab.time(within: .minutes(1)) { $0.isComplete }
    #expect(healed != nil)
    #expect(lab.secondaryShards(Self.image) == lab.primaryShards(Self.image))
    #expect(lab.session.bites.stall > 0)
  }

  @Test("a quiet volume never completes its checkpoint")
  func quiet() {
    let lab = GlusterLab(prepare: Self.withImage(shards: 1))
    _ = lab.session.setCheckpoint(at: lab.now)
    lab.session.start(at: lab.now)
    #expect(lab.time(within: .hours(1)) { $0.isComplete } == nil)
    lab.tick()
    #expect(lab.time(within: .minutes(1)) { $0.isComplete } != nil)
  }

  @Test("stime is the changelog's end less a second: a rollover in the checkpoint's second is not enough")
  func tickInTheSameSecond() {
    for seed in UInt64(1)...20 {
      let lab = GlusterLab(seed: seed)
      lab.session.start(at: lab.now)
      lab.advance(.seconds(60))
      lab.tick()
      // Just before the rollover that takes the tick along, in the same second.
      let rolled = lab.time(within: .seconds(16)) { !$0.session.primary.changelogs[0].closed.isEmpty }
      #expect(rolled != nil)
      let checkpoint = lab.session.setCheckpoint(at: lab.now)
      lab.advance(.minutes(2))
      let row = lab.rows()[0]
      #expect(row.lastSynced == checkpoint - .seconds(1))
      #expect(row.checkpointCompleted == false)
    }
  }

  @Test("a tick on one of two subvolumes leaves the other's checkpoint open")
  func tickOnOneSubvolume() {
    let lab = GlusterLab(subvolumes: 2)
    let names = (0..<20).map { "tick-\($0)" }
    let here = names.first { lab.session.primary.placement(ofNewFile: $0) == 0 }
    let there = names.first { lab.session.primary.placement(ofNewFile: $0) == 1 }
    _ = lab.session.setCheckpoint(at: lab.now)
    lab.advance(.seconds(2))
    if let here { lab.tick(here) }
    lab.session.start(at: lab.now)
    lab.advance(.minutes(5))
    #expect(lab.rows().map(\.checkpointCompleted) == [true, false])
    if let there { lab.tick(there) }
    lab.advance(.minutes(1))
    #expect(lab.rows().map(\.checkpointCompleted) == [true, true])
  }

  @Test("entry operations come before data: an overlay's unlink is there long before the commit")
  func entriesFirst() {
    let lab = GlusterLab(bandwidth: 7_500_000) { volume in
      volume.createImage(Self.image, size: 4 * 64 << 20, filledWith: ContentID(17))
      volume.createImage("sd/images/d/overlay", size: 64 << 20, filledWith: ContentID(18))
    }
    for shard in 0..<4 { lab.write(Self.image, shard: shard, bytes: 64 << 20) }
    lab.session.primary.remove("sd/images/d/overlay")
    lab.advance(.seconds(16))
    lab.session.start(at: lab.now)
    let gone = lab.time(within: .minutes(1)) { $0.session.secondary.file("sd/images/d/overlay") == nil }
    #expect(gone.map { $0 < .seconds(12) } ?? false)
    #expect(lab.secondaryShards(Self.image) == Array(repeating: ContentID(17), count: 4))
    let rest = lab.time(within: .minutes(2)) {
      $0.secondaryShards(Self.image) == $0.primaryShards(Self.image)
    }
    #expect(rest.map { $0 > .seconds(30) } ?? false)
  }

  @Test("in mid-sync an image is neither old nor new, and one shard is a mix")
  func midSync() {
    let lab = GlusterLab(bandwidth: 7_500_000, prepare: Self.withImage(shards: 8))
    lab.session.timings.jobs = 1
    for shard in 0..<8 { lab.write(Self.image, shard: shard, bytes: 64 << 20) }
    lab.advance(.seconds(16))
    lab.session.start(at: lab.now)
    let mixed = lab.time(within: .minutes(5)) { lab in
      let there = lab.secondaryShards(Self.image) ?? []
      return there.contains(where: \.isTorn) && there.contains(ContentID(17))
        && !Set(there).isDisjoint(with: lab.primaryShards(Self.image) ?? [])
    }
    #expect(mixed != nil)
    // A worker that ends now leaves the mix.
    lab.session.stop(at: lab.now)
    #expect(lab.secondaryShards(Self.image)?.contains(where: \.isTorn) == true)
    #expect(lab.pass())
    #expect(lab.secondaryShards(Self.image) == lab.primaryShards(Self.image))
  }

  @Test("a shard that is written while it is sent is torn until it is sent again")
  func overtaken() {
    let lab = GlusterLab(bandwidth: 1_000_000, prepare: Self.withImage(shards: 1))
    lab.write(Self.image, shard: 0, bytes: 30 << 20)
    lab.advance(.seconds(16))
    lab.session.start(at: lab.now)
    lab.advance(.seconds(20))
    lab.write(Self.image, shard: 0, bytes: 4_096)
    // One mix while it is under way, another when it is through, a third while it is sent again.
    var mixes: Set<ContentID> = []
    lab.advance(.seconds(60)) { lab in
      if let shard = lab.secondaryShards(Self.image)?.first, shard.isTorn { mixes.insert(shard) }
      return false
    }
    #expect(mixes.count == 3)
    lab.advance(.minutes(2))
    #expect(lab.secondaryShards(Self.image) == lab.primaryShards(Self.image))
  }

  @Test("a dead link looks like a slow one: Active all the time, nothing moves, and it goes on by itself")
  func linkDown() {
    let lab = GlusterLab(bandwidth: 15_000_000, prepare: Self.withImage(shards: 8))
    for shard in 0..<8 { lab.write(Self.image, shard: shard, bytes: 64 << 20) }
    lab.advance(.seconds(16))
    lab.session.start(at: lab.now)
    lab.advance(.seconds(14))
    lab.session.setLink(up: false, at: lab.now)
    lab.advance(.seconds(10))
    let before = lab.rows()
    lab.advance(.minutes(10))
    let after = lab.rows()
    #expect(after == before)
    #expect(after[0].state == .active && after[0].crawl == .history && (after[0].dataPending ?? 0) > 0)
    lab.session.setLink(up: true, at: lab.now)
    lab.advance(.minutes(2))
    #expect(lab.secondaryShards(Self.image) == lab.primaryShards(Self.image))
    #expect(lab.session.bites.outage == 3)
  }

  @Test("a worker whose monitor was killed delivers under the status Stopped, and stop does not end it")
  func orphan() {
    let lab = GlusterLab(prepare: Self.withImage(shards: 2))
    lab.session.start(at: lab.now)
    lab.advance(.seconds(30))
    lab.session.killMonitors(workersLiveFor: .minutes(10), at: lab.now)
    #expect(lab.rows().map(\.state) == [.stopped])
    lab.session.stop(at: lab.now)
    lab.write(Self.image, shard: 1)
    lab.advance(.minutes(1))
    #expect(lab.rows().map(\.state) == [.stopped])
    #expect(lab.secondaryShards(Self.image) == lab.primaryShards(Self.image))
    #expect(lab.session.livesAtSecondary)
    lab.advance(.minutes(10))
    #expect(!lab.session.livesAtSecondary)
  }

  @Test("deleted at the secondary, merged at the primary: the next cycles are clean")
  func overlayRemoved() {
    let lab = GlusterLab(prepare: Self.withImage(shards: 4))
    let overlay = "sd/images/d/overlay"
    let slot = lab.session.primary.createImage(overlay, size: 256 << 10)
    #expect(lab.pass())
    lab.session.primary.write(slot, shard: 0, ContentID(99), bytes: 4_096, at: lab.now)
    lab.session.secondary.remove(overlay)
    lab.write(Self.image, shard: 2)
    #expect(lab.pass())
    #expect(lab.session.secondary.file(overlay) == nil)
    lab.session.primary.remove(overlay)
    #expect(lab.pass())
    #expect(lab.session.secondary.list("sd/images/d") == ["base"])
    #expect(lab.secondaryShards(Self.image) == lab.primaryShards(Self.image))
  }
}
