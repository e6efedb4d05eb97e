import DRKit

/// The session as a thing that is deleted and created, with options.
extension SessionModel {
  static func defaults(_ timings: SessionTimings) -> [SessionSetting] {
    [
      SessionSetting("gluster_params", "aux-gfid-mount acl"), SessionSetting("ignore_deletes", "false"),
      SessionSetting("rsync_options", ""), SessionSetting("sync_jobs", "\(timings.jobs)"),
    ]
  }

  /// Of the options just a `--bwlimit` has a meaning here: for each rsync. False for an option that there is not.
  public mutating func set(_ setting: SessionSetting, at now: Instant) -> Bool {
    guard let index = settings.firstIndex(where: { $0.name == setting.name }) else { return false }
    settings[index] = setting
    hasQuickCheck = FaithfulCopying.withoutQuickCheck(settings) != nil
    hasPageCache = FaithfulCopying.withoutPageCache(settings) != nil
    if setting.name == "rsync_options" { limit(at: now) }
    return true
  }

  private mutating func limit(at now: Instant) {
    let options = settings.first { $0.name == "rsync_options" }?.value ?? ""
    link.setCap(RsyncOptions(options).rate, at: now)
    rescheduleLink()
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
  public mutating func create(at now: Instant) {
    if exists { return }
    exists = true
    wasStarted = false
    settings = Self.defaults(timings)
    hasQuickCheck = true
    hasPageCache = true
    limit(at: now)
  }
}
