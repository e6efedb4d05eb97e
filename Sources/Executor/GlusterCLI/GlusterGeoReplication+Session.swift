import DRKit

/// A session's options, and how it is deleted and created anew (10.3, Tests/Lab/README.md).
extension GlusterGeoReplication {
  public func settings() async throws(DRError) -> [SessionSetting] {
    let operation = "read the session's options"
    let root = try await xml(operation, ["config"], isQuery: true)
    return try root.require("geoRep", "config").children
      // Of the session's progress, not of its behaviour: the second is empty until a session first starts (seen on 10.3).
      .filter { $0.name != "checkpoint" && $0.name != "stime_xattr_prefix" }
      .map { SessionSetting($0.name, $0.text) }
      .sorted { $0.name < $1.name }
  }

  /// An empty value takes the option away: gluster has no other way to set nothing.
  ///
  /// The CLI takes any argument that begins with a dash for its own option, `--bwlimit` too, and prints its help; with a space
  /// before it, it is a value, and the space is not kept (measured on 10.3).
  public func set(_ setting: SessionSetting) async throws(DRError) {
    let words =
      setting.value.isEmpty
      ? ["!\(setting.name)"]
      : [setting.name, setting.value.hasPrefix("-") ? " \(setting.value)" : setting.value]
    _ = try await xml("set the session's option \(setting.name)", ["config"] + words)
  }

  /// Success when there is no session.
  public func delete() async throws(DRError) {
    do throws(DRError) {
      _ = try await xml("delete the geo-replication session", ["delete", "reset-sync-time"])
    } catch {
      guard error.kind == .missing else { throw error }
    }
  }

  /// `push-pem` wants an empty secondary, or `force`; the keys of the earlier session are still where they belong.
  public func create() async throws(DRError) {
    do throws(DRError) {
      _ = try await xml("create the geo-replication session", ["create", "no-verify"])
    } catch {
      guard error.reason.lowercased().contains("already created") else { throw error }
    }
  }
}
