/// What a session's options must say so that gsyncd copies what is there, and not what was there.
///
/// Both defects lose same-size writes in silence: gsyncd knows that the file changed, the old bytes are sent or none, the checkpoint
/// completes (docs/real-systems.md, The worker's page cache, The quick check).
public enum FaithfulCopying {
  static let mountOptions = "gluster_params"

  /// What has to be set, with whatever else was set there kept; nothing where all is well.
  public static func corrections(_ settings: [SessionSetting]) -> [SessionSetting] {
    [withoutPageCache(settings), withoutQuickCheck(settings)].compactMap { $0 }
  }

  /// The worker's mount keeps pages that it read once for as long as the worker lives (10.3), whoever writes to the file elsewhere,
  /// unless it is told to drop them at each open.
  /// - Returns: nil, too, where the option is not listed: without the others of its words no worker starts.
  public static func withoutPageCache(_ settings: [SessionSetting]) -> SessionSetting? {
    let found = (settings.value(of: mountOptions) ?? "").split(whereSeparator: \.isWhitespace).map(
      String.init)
    guard !found.isEmpty else { return nil }
    if found.last(where: { $0.hasPrefix(keepCache) }).map(isOff) ?? false { return nil }
    return SessionSetting(mountOptions, (found + [keepCache + "=off"]).joined(separator: " "))
  }

  private static let keepCache = "fopen-keep-cache"

  private static func isOff(_ word: String) -> Bool {
    ["off", "no", "false", "disable", "0"].contains { word == "\(keepCache)=\($0)" }
  }

  /// rsync passes over a file whose size and modification time are those of the copy, and compares the times in whole seconds: a
  /// shard that is written again within the second in which it was copied would never arrive.
  public static func withoutQuickCheck(_ settings: [SessionSetting]) -> SessionSetting? {
    guard settings.otherThanRsync == nil else { return nil }
    let options = RsyncOptions(settings.value(of: RsyncOptions.name) ?? "")
    return options.comparesAll ? nil : SessionSetting(RsyncOptions.name, options.comparingAll().text)
  }
}
