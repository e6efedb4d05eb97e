/// What a session's options must say so that gsyncd copies what is there, and not what was there.
///
/// Both defects lose same-size writes in silence: gsyncd knows that the file changed, the old bytes are sent or none, the checkpoint
/// completes (docs/real-systems.md, The worker's page cache, The quick check).
public enum FaithfulCopying {
  static let rsyncOptions = "rsync_options"
  static let mountOptions = "gluster_params"

  /// What has to be set, with whatever else was set there kept; nothing where all is well.
  public static func corrections(_ settings: [SessionSetting]) -> [SessionSetting] {
    [withoutPageCache(settings), withoutQuickCheck(settings)].compactMap { $0 }
  }

  /// The worker's mount keeps pages that it read once for as long as the worker lives (10.3), whoever writes to the file elsewhere,
  /// unless it is told to drop them at each open.
  /// - Returns: nil, too, where the option is not listed: without the others of its words no worker starts.
  public static func withoutPageCache(_ settings: [SessionSetting]) -> SessionSetting? {
    guard let found = words(mountOptions, settings), !found.isEmpty else { return nil }
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
    // tar knows no quick check. The second is the word of Gluster 3.
    if settings.contains(SessionSetting("sync_method", "tarssh")) { return nil }
    if settings.contains(where: { $0.name == "use_tarssh" && $0.value.lowercased() == "true" }) { return nil }
    let found = words(rsyncOptions, settings) ?? []
    if found.contains(where: comparing.contains) { return nil }
    return SessionSetting(rsyncOptions, (found + ["--ignore-times"]).joined(separator: " "))
  }

  private static let comparing: Set<String> = ["--ignore-times", "-I", "--checksum", "-c"]

  private static func words(_ name: String, _ settings: [SessionSetting]) -> [String]? {
    settings.first { $0.name == name }?.value.split(separator: " ").map(String.init)
  }
}
