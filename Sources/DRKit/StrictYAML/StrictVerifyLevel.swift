import DRKit

extension StrictNode {
  /// `full`, or `{ sampled: COUNT }`: so many shards of each volume.
  public func verifyLevel() throws(StrictYAMLError) -> VerifyLevel {
    if isMapping {
      return .sampled(blocks: try mapping(keys: ["sampled"]).required("sampled").int(in: 1...100_000))
    }
    do throws(StrictYAMLError) {
      _ = try choice(among: ["full"])
      return .full
    } catch {
      throw self.error(
        "must be `full` or `{ sampled: COUNT }`", remedy: "Write full, or a count such as { sampled: 64 }")
    }
  }
}
