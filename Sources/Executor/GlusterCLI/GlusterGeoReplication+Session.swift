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

  public func set(_ setting: SessionSetting) async throws(DRError) {
    _ = try await xml("set the session's option \(setting.name)", ["config", setting.name, setting.value])
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
