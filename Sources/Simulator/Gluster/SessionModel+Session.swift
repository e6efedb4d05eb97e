import DRKit

/// The session as a thing that is deleted and created, with options.
extension SessionModel {
  static let defaults = [
    SessionSetting("gluster_params", "aux-gfid-mount acl"), SessionSetting("ignore_deletes", "false"),
    SessionSetting("rsync_options", ""),
    SessionSetting("sync_jobs", "3"),
  ]

  /// False for an option that there is not.
  public mutating func set(_ setting: SessionSetting) -> Bool {
    guard let index = settings.firstIndex(where: { $0.name == setting.name }) else { return false }
    settings[index] = setting
    hasQuickCheck = FaithfulCopying.withoutQuickCheck(settings) != nil
    hasPageCache = FaithfulCopying.withoutPageCache(settings) != nil
    return true
  }

  /// With `reset-sync-time`: the next session begins with a crawl of everything. False while it runs.
  public mutating func delete() -> Bool {
    guard !isStarted else { return false }
    exists = false
    for subvolume in workedOff.indices { workedOff[subvolume] = nil }
    checkpoint = nil
    return true
  }

  /// Does nothing when there is one.
  public mutating func create() {
    if exists { return }
    exists = true
    wasStarted = false
    settings = Self.defaults
    hasQuickCheck = true
    hasPageCache = true
  }
}
