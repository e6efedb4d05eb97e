import DRKit

/// Turns the engine's refusals into drkit's errors (R `util/ErrorMessageHelper.java`; docs/real-systems.md,
/// "Engine", Faults and codes).
enum EngineFault {
  /// The fault's texts: `{"detail","reason"}`, or the same under `fault` in an action's answer.
  static func text(of reply: OVirtReply) -> String? {
    guard let root = try? JSONParser.parse(reply.body) else { return nil }
    guard case .object(let members) = root else { return nil }
    var fault = members
    if case .object(let inner) = members["fault"] { fault = inner }
    func string(_ key: String) -> String? {
      guard case .string(let text) = fault[key], !text.isEmpty else { return nil }
      return text
    }
    guard var text = string("detail") ?? string("reason") else { return nil }
    if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
    let flat = String(text.map { $0.isNewline ? " " : $0 })
    return flat.count > 500 ? flat.prefix(500) + "…" : flat
  }

  static let isEngineUp = "See that ovirt-engine.service runs there; it answers some minutes after its start"

  /// The error for a reply that is no success. 401 has been dealt with by the session.
  static func error(_ reply: OVirtReply, _ call: CallName) -> DRError {
    let fault = text(of: reply)
    let reason = fault ?? "HTTP \(reply.status), and no reason was given"
    switch reply.status {
    case 400: return call.error(.refused, reason)
    case 401, 403:
      return call.error(.refused, reason, "Give drkit's account the rights of an administrator of the engine")
    case 404:
      // The engine's own 404 is empty or a fault; a page is the web server's, while the engine is down or deploying.
      if fault == nil && !reply.body.isEmpty {
        return call.error(.transient, "HTTP 404 by something that is not the engine's API", isEngineUp)
      }
      return call.error(.missing, fault ?? "there is none")
    case 409: return call.error(isLasting(reason) ? .refused : .transient, reason)
    case 500: return call.error(isIllegalDisk(reason) ? .refused : .transient, reason)
    case 408, 429, 501...599: return call.error(.transient, reason, isEngineUp)
    default:
      return call.error(
        .malformed, "unexpected HTTP \(reply.status)\(fault.map { ": \($0)" } ?? "")",
        "Check that the URL names an oVirt 4 engine")
    }
  }

  /// A fault inside an action's answer, which may come with 200.
  static func check(action reply: OVirtReply, _ call: CallName) throws(DRError) {
    guard let root = try? JSONParser.parse(reply.body), case .object(let members) = root,
      members["status"] == .string("failed") || members["fault"] != nil
    else { return }
    let reason = text(of: reply) ?? "the action failed, and no reason was given"
    throw call.error(isIllegalDisk(reason) || isLasting(reason) ? .refused : .transient, reason)
  }

  /// Conflicts that no waiting ends: a person began the preview, and an id that exists stays.
  private static func isLasting(_ reason: String) -> Bool {
    let text = reason.lowercased()
    return text.contains("previewing") || text.contains("in preview") || text.contains("stateless")
      || text.contains("already exists")
  }

  /// ErrorType INTERNAL_ERROR gives a 500, and yet it is a verdict.
  private static func isIllegalDisk(_ reason: String) -> Bool { reason.lowercased().contains("illegal") }
}
