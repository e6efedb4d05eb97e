/// That a destination's content was proved to differ from the primary's. Remembered until a repair has proved everything anew: a
/// lost shard never heals by itself and is not "changed", so no later incremental proof says anything of it.
public struct Divergence: Hashable, Sendable, Codable {
  public var key: DestinationKey
  /// The run whose proof failed.
  public var run: RunID
  public var at: Instant
  /// What differed first: machine, disk and file.
  public var image: String
  /// How, with the shards that differ.
  public var reason: String
  /// The session's options, from before a repair deletes it until it has put them back: they must outlive the repair's run.
  public var settings: [SessionSetting]?

  public init(
    key: DestinationKey, run: RunID, at: Instant, image: String, reason: String,
    settings: [SessionSetting]? = nil
  ) {
    self.key = key
    self.run = run
    self.at = at
    self.image = image
    self.reason = reason
    self.settings = settings
  }
}

extension Divergence: CustomStringConvertible {
  public var description: String { "diverged since run \(run): \(image): \(reason)" }
}
