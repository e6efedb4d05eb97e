/// Deletes the session with `reset-sync-time` and creates it again, options and all: a session that begins anew crawls everything,
/// which is what brings a lost shard back. Neither rewriting the shard nor gsyncd's trigger-sync does (docs/real-systems.md).
///
/// The options are kept with the mark in the catalogue from before the deletion until they are back: a later repair finds them there.
struct SessionRenewal {
  let context: RunContext

  private var durable: Durable { context.durable }
  private var catalogue: any Catalogue { context.ports.catalogue }

  func run() async throws(DRError) {
    let georep = context.ports.georep
    if try await durable.recall("renew.done", as: Bool.self) != nil { return }
    if try await durable.recall("renew.delete", as: Bool.self) == nil {
      try await SessionStop(context: context, phase: .converge, step: "renew.stop").run()
      let settings = try await durable.once("renew.settings") { () async throws(DRError) in
        try await georep.settings()
      }
      try await keep(settings)
    }
    context.note(.converge, "the session is deleted and created anew: it then crawls everything")
    try await durable.once("renew.delete") { () async throws(DRError) in try await georep.delete() }
    try await restore()
    try await durable.remember(true, "renew.done")
  }

  /// A repair that died or failed between deletion and restoration left no session, or one with other options.
  func finishEarlier() async throws(DRError) {
    // This run's own renewal goes its own way.
    if try await durable.recall("renew.settings", as: [SessionSetting].self) != nil { return }
    let mark = try await durable.retrying { () async throws(DRError) in
      try await catalogue.divergence(of: context.target.key)
    }
    guard mark?.settings != nil else { return }
    context.note(.preflight, "an earlier repair left the session unfinished: it is created again")
    try await restore()
  }

  private func restore() async throws(DRError) {
    let georep = context.ports.georep
    try await durable.retrying { () async throws(DRError) in try await georep.create() }
    let mark = try await durable.retrying { () async throws(DRError) in
      try await catalogue.divergence(of: context.target.key)
    }
    guard let wanted = mark?.settings else { return }
    let found = try await durable.retrying { () async throws(DRError) in try await georep.settings() }
    for setting in wanted where !found.contains(setting) {
      do throws(DRError) {
        try await durable.retrying { () async throws(DRError) in try await georep.set(setting) }
        context.note(.converge, "option put back: \(setting.name) \(setting.value)")
      } catch {
        // What can't be set was nobody's choice: a path, or a word of another version.
        guard error.kind == .refused else { throw error }
        context.note(.converge, "option \(setting.name) can't be put back: \(error.reason)")
      }
    }
    try await keep(nil)
  }

  private func keep(_ settings: [SessionSetting]?) async throws(DRError) {
    try await durable.retrying { () async throws(DRError) in
      guard var mark = try await catalogue.divergence(of: context.target.key) else { return }
      mark.settings = settings
      try await catalogue.save(mark)
    }
  }
}
