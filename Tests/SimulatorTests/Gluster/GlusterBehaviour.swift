import DRKit
import Testing

@testable import Simulator

@Suite("Simulated Gluster: states, times, volumes")
struct GlusterBehaviour {
  @Test("a start is Initializing for 5 to 6 s, then Active; History Crawl; then Changelog Crawl")
  func startingUp() {
    let lab = GlusterLab()
    lab.tick()
    lab.advance(.seconds(16))
    #expect(lab.rows().map(\.state) == [.stopped])
    lab.session.start(at: lab.now)
    #expect(lab.rows().map(\.state) == [.initializing])
    let active = lab.time(within: .seconds(10)) { $0.rows()[0].state == .active }
    #expect(active.map { $0 >= .seconds(5) && $0 <= .seconds(6) } ?? false)
    #expect(lab.rows()[0].crawl == .none)
    #expect(lab.time(within: .seconds(2)) { $0.rows()[0].crawl == .history } != nil)
    #expect(lab.time(within: .seconds(9)) { $0.rows()[0].crawl == .changelog } != nil)
  }

  @Test("what is not Active shows nothing but its state")
  func notAvailable() {
    let lab = GlusterLab(replica: 3)
    _ = lab.session.setCheckpoint(at: lab.now)
    lab.session.start(at: lab.now)
    lab.advance(.seconds(30))
    let rows = lab.rows()
    #expect(rows.count(where: { $0.state == .active }) == 1)
    #expect(rows.count(where: { $0.state == .passive }) == 2)
    for row in rows where row.state != .active {
      #expect(row == WorkerStatus(brick: row.brick, state: row.state))
    }
  }

  @Test("a session that was never started says Created, and its first crawl is a hybrid one")
  func firstSync() {
    let lab = GlusterLab(isSynced: false) { volume in
      volume.createImage("a/base", size: 3 << 26, filledWith: ContentID(17))
      volume.writeSmall("a/base.meta", [1, 2, 3], at: GlusterLab.birth)
    }
    #expect(lab.rows().map(\.state) == [.created])
    lab.session.start(at: lab.now)
    #expect(lab.time(within: .seconds(10)) { $0.rows()[0].crawl == .hybrid } != nil)
    lab.advance(.minutes(2))
    #expect(lab.secondaryShards("a/base") == lab.primaryShards("a/base"))
    #expect(lab.session.secondary.read("a/base.meta") == [1, 2, 3])
    #expect(lab.session.secondary.file("a/base")?.size == 3 << 26)
  }

  @Test("a crashed worker is Faulty for 10 to 15 s and comes back by itself with a History Crawl")
  func crash() {
    let lab = GlusterLab()
    lab.session.start(at: lab.now)
    lab.advance(.seconds(30))
    lab.session.crashWorkers(of: nil, at: lab.now)
    #expect(lab.rows().map(\.state) == [.faulty])
    let again = lab.time(within: .seconds(30)) { $0.rows()[0].state == .active }
    #expect(again.map { $0 > .seconds(15) && $0 < .seconds(21) } ?? false)
  }

  @Test("with replicas a Passive worker takes over from a crashed one")
  func failOver() {
    let lab = GlusterLab(replica: 3)
    lab.session.start(at: lab.now)
    lab.advance(.seconds(30))
    lab.session.crashWorkers(of: 0, at: lab.now)
    #expect(lab.rows().count(where: { $0.state == .active }) == 0)
    lab.advance(.seconds(3))
    #expect(lab.rows().count(where: { $0.state == .active }) == 1)
    lab.advance(.minutes(1))
    #expect(lab.rows().count(where: { $0.state == .active }) == 1)
    #expect(lab.rows().count(where: { $0.state == .passive }) == 2)
  }

  @Test("a transfer costs 0.7 s a dirty shard, however little of it is dirty")
  func costOfShards() {
    let lab = GlusterLab { $0.createImage("base", size: 40 << 26, filledWith: ContentID(17)) }
    for shard in 0..<40 { lab.write("base", shard: shard) }
    lab.advance(.seconds(16))
    lab.session.start(at: lab.now)
    let first = lab.time(within: .minutes(2)) {
      $0.secondaryShards("base") != $0.primaryShards("base") && $0.rows()[0].dataPending == 40
    }
    let all = lab.time(within: .minutes(2)) { $0.secondaryShards("base") == $0.primaryShards("base") }
    #expect(first != nil)
    #expect(all.map { $0 > .seconds(28) && $0 < .seconds(33) } ?? false)
  }

  @Test("an empty changelog leaves nothing behind")
  func emptyChangelog() {
    let lab = GlusterLab()
    lab.advance(.minutes(5))
    #expect(lab.session.primary.changelogs[0].closed.isEmpty)
    lab.tick()
    lab.tick()
    lab.advance(.seconds(16))
    #expect(lab.session.primary.changelogs[0].closed.count == 1)
    #expect(lab.session.primary.changelogs[0].closed[0].dirty.count == 2)
  }

  @Test("the listing knows directories, sorted, and forgets files only")
  func listing() {
    var volume = VolumeModel(
      name: "v", subvolumes: [[BrickName(node: "a", path: "/b")]], shardSize: 1 << 26, capacity: 1 << 40,
      isPrimary: true)
    volume.writeSmall("sd/images/d2/x", [1], at: GlusterLab.birth)
    volume.writeSmall("sd/images/d1/y", [1], at: GlusterLab.birth)
    volume.replaceSmall("sd/images/d1/y", [2], at: GlusterLab.birth)
    #expect(volume.list("sd/images") == ["d1", "d2"])
    #expect(volume.list("sd/images/d1") == ["y"])
    #expect(volume.list("sd/images/d3") == nil)
    #expect(volume.list("") == ["sd"])
    volume.remove("sd/images/d1/y")
    #expect(volume.list("sd/images/d1") == [])
    #expect(volume.read("sd/images/d1/y") == nil)
  }

  @Test("the link is shared equally, stands still while down, and loses nothing", arguments: [1, 2, 3, 7])
  func link(count: Int) {
    var link = LinkModel(bandwidth: 1_000_000, latency: .zero)
    var now = GlusterLab.birth
    for id in 0..<count { link.begin(UInt32(id), bytes: 1_000_000, at: now) }
    now = now + .milliseconds(500)
    link.setUp(false, at: now)
    #expect(link.nextCompletion() == nil)
    now = now + .hours(5)
    link.setUp(true, at: now)
    let due = link.nextCompletion()
    let expected = Int64(count) * 1_000_000_000 - 500_000_000
    #expect(due.map { abs(($0 - now).nanoseconds - expected) < 100 } ?? false)
    #expect(link.take(at: due ?? now) == (0..<count).map(UInt32.init))
    #expect(link.delivered == Int64(count) * 1_000_000)
  }

  @Test("a cap holds for each transfer, and the line for all of them", arguments: [1, 2, 3, 7])
  func cap(count: Int) {
    var link = LinkModel(bandwidth: 1_000_000, latency: .zero)
    var now = GlusterLab.birth
    for id in 0..<count { link.begin(UInt32(id), bytes: 1_000_000, at: now) }
    // Half a second at full speed; then the cap.
    now = now + .milliseconds(500)
    link.setCap(200_000, at: now)
    let left = Int64(count) * 1_000_000 - 500_000
    let rate = min(1_000_000, 200_000 * Int64(count))
    let due = link.nextCompletion()
    #expect(due.map { abs(($0 - now).nanoseconds - left * 1_000_000_000 / rate) < 1_000 } ?? false)
    #expect(link.take(at: due ?? now).count == count)
    link.setCap(nil, at: now)
    #expect(link.cap == nil)
  }

  @Test("a session's limit is one for each of its rsync processes")
  func limit() throws {
    func took(_ options: String) throws -> TimeSpan {
      let lab = GlusterLab { $0.createImage("base", size: 40 << 26, filledWith: ContentID(17)) }
      for shard in 0..<30 { lab.write("base", shard: shard, bytes: 16 << 20) }
      let isSet = lab.session.set(SessionSetting("rsync_options", options), at: lab.now)
      #expect(isSet)
      _ = lab.session.setCheckpoint(at: lab.now)
      lab.advance(.seconds(20))
      lab.tick()
      lab.advance(.seconds(20))
      lab.session.start(at: lab.now)
      return try #require(lab.time(within: .hours(2)) { $0.isComplete })
    }
    // 480 MiB: at 3 rsync of 1 MiB/s each they take 160 s at least; 1 Gbit/s carries them in a few.
    let (free, limited) = (try took("-z"), try took("-z --bwlimit=1M"))
    #expect(free < .seconds(60) && limited > .seconds(160) && limited < .seconds(230), "\(free), \(limited)")
  }

  @Test("the same seed does the same", arguments: [UInt64(1), 2, 3])
  func determinism(seed: UInt64) {
    func run() -> [WorkerStatus] {
      let lab = GlusterLab(subvolumes: 3, replica: 3, seed: seed) {
        $0.createImage("base", size: 40 << 26, filledWith: ContentID(17))
      }
      lab.session.faults.stallChance = Chance(0.5)
      lab.session.start(at: lab.now)
      var rows: [WorkerStatus] = []
      for step in 0..<60 {
        lab.write("base", shard: step % 40)
        lab.advance(.seconds(3))
        rows += lab.session.status()
      }
      return rows
    }
    #expect(run() == run())
  }
}
