import DRKit

/// Events in the engine's log.
extension OVirtManager {
  /// The origin of all events of drkit's; with the custom id it is unique for ever in the engine's database.
  public static let eventOrigin = "drkit"

  public func post(_ event: EngineEvent) async throws(DRError) {
    let call = CallName("post the event", "\(event.customID)")
    var domain: [String: JSONValue] = ["id": .string(event.storageDomain.description)]
    if let status = event.externalStatus { domain["external_status"] = .string(status.rawValue) }
    let body: JSONValue = [
      "origin": .string(Self.eventOrigin), "severity": .string(event.severity.rawValue),
      // Numbers go as texts, the way the engine itself writes them.
      "custom_id": .string("\(event.customID)"),
      // The engine cuts there by itself (config `MaxAuditLogMessageLength`).
      "description": .string(String(event.description.prefix(10_000))), "storage_domain": .object(domain),
    ]
    do throws(DRError) {
      _ = try await change(.post, "/events", body, call)
    } catch {
      // A duplicate is refused like any bad request (B `AddExternalEventCommand`), in words that vary by version.
      guard error.kind == .refused else { throw error }
      if Self.saysDuplicate(error.reason) { return }
      if try await isPosted(event.customID) { return }
      throw error
    }
  }

  private static func saysDuplicate(_ reason: String) -> Bool {
    let text = reason.lowercased()
    return text.contains("duplicate") || text.contains("already exist") || text.contains("already in use")
  }

  /// Looks the event up; false also when the look-up fails, so that the refusal itself is what the caller hears.
  private func isPosted(_ customID: Int32) async throws(DRError) -> Bool {
    let call = CallName("look up the event", "\(customID)")
    let search = "origin=\(Self.eventOrigin) and custom_event_id=\(customID)"
    do throws(DRError) {
      let found = try await read("/events", query: [.init("search", search), .init("max", "100")], call)
      for event in try found.list("event") {
        let origin = try event["origin"].optionalText()
        let id = try event["custom_id"].optionalInteger()
        if origin == Self.eventOrigin && id == Int64(customID) { return true }
      }
      return false
    } catch {
      if error.kind == .stopped { throw error }
      return false
    }
  }
}
