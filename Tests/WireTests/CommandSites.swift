import DRKit
import Simulator
import Testing

@testable import Wire

@Suite("A simulated site for a program that knows only gluster's command")
struct CommandSites {
  private static let session = ["volume", "geo-replication", "data", "b1::data-dr"]

  /// The lines of a status after a cycle: checkpoint, start, a minute, a touch if wanted, twenty seconds.
  private func cycle(_ site: CommandSite, touched: Bool) throws -> String {
    for verb in [["stop", "force"], ["config", "checkpoint", "now"], ["start"]] {
      #expect(try site.gluster(Self.session + verb).exit == 0)
    }
    try site.sleep(.minutes(1))
    if touched { try site.touchRoot() }
    try site.sleep(.seconds(20))
    return try site.gluster(Self.session + ["status", "--xml"]).output
  }

  private static func quiet(subvolumes: Int) -> WorldPlan {
    var plan = WorldPlan()
    plan.primary.subvolumes = subvolumes
    return plan
  }

  @Test(
    "a touch of the root completes a checkpoint on every subvolume, and nothing else does", arguments: [1, 3])
  func touch(subvolumes: Int) throws {
    func count(_ text: String, _ word: String) -> Int {
      text.split(separator: "\n").count { $0.contains("<checkpoint_completed>\(word)<") }
    }
    let plan = Self.quiet(subvolumes: subvolumes)
    #expect(count(try cycle(CommandSite(plan, seed: 3), touched: true), "Yes") == subvolumes)
    #expect(count(try cycle(CommandSite(plan, seed: 3), touched: false), "No") == subvolumes)
  }

  @Test("time passes by commands and sleeps alone, and twice in the same way")
  func time() throws {
    func instants() throws -> [Instant] {
      let site = CommandSite(Self.quiet(subvolumes: 1), seed: 8)
      var instants = [site.now]
      _ = try site.gluster(Self.session + ["start"])
      instants.append(site.now)
      try site.sleep(.hours(2))
      instants.append(site.now)
      try site.write("a/b", Array("x".utf8))
      instants.append(site.now)
      try site.sleep(.minutes(1))
      #expect(site.secondary("a/b") == Array("x".utf8))
      #expect(site.secondary("a/c") == nil)
      return instants
    }
    let first = try instants()
    #expect(first[0] == WorldPlan.birth)
    #expect(first[1] > first[0] && first[1] < first[0] + .seconds(2))
    #expect(first[2] == first[1] + .hours(2))
    #expect(try instants() == first)
  }
}
