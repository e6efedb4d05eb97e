import DRKit

/// Storage domains and their OVF_STORE.
extension OVirtManager {
  /// How long the job of one OVF_STORE update may take, and how often it is looked at.
  private static let ovfJobLimit = TimeSpan.minutes(10)
  private static let ovfJobInterval = TimeSpan.seconds(2)

  public func storageDomain(_ name: String) async throws(DRError) -> StorageDomain {
    let call = CallName("look up the storage domain", name)
    if let id = StorageDomainID(name),
      let found = try await readIfPresent("/storagedomains/\(id)", call)
    {
      return try Self.storageDomain(found)
    }
    // The whole list rather than a search: an exact comparison, no quoting of the name, and without `max` the
    // engine cuts nothing (R `AbstractBackendCollectionResource`).
    let all = try await read("/storagedomains", call).list("storage_domain")
    var names: [String] = []
    for field in all {
      let candidate = try field["name"].optionalText() ?? ""
      if candidate == name { return try Self.storageDomain(field) }
      if !candidate.isEmpty { names.append(candidate) }
    }
    let known =
      names.isEmpty
      ? "The engine shows none to this account" : "Known: \(names.sorted().joined(separator: ", "))"
    throw call.error(.missing, "there is none of that name or id", known)
  }

  /// The engine splits its connection string `host:/volume` at the first `:`, an IPv6 literal's at `]:`; a path given
  /// as `volume` stays without a slash (R `mapFileDomain`).
  static func storageDomain(_ field: JSONField) throws(DRError) -> StorageDomain {
    let type = try field["storage"]["type"].text()
    var address = try field["storage"]["address"].optionalText() ?? ""
    var volume = try field["storage"]["path"].optionalText() ?? ""
    if type == "glusterfs" && (address.isEmpty || volume.isEmpty) {
      throw field.call.error(
        .refused, "the engine hides the domain's address and path from this account",
        "Give drkit's account an administrator's role: filtered sessions don't see them")
    }
    if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
    volume = String(volume.drop { $0 == "/" })
    while volume.hasSuffix("/") { volume.removeLast() }
    return StorageDomain(
      id: try field["id"].id(), name: try field["name"].text(), address: address, volume: volume,
      storageType: type)
  }

  public func updateOVFStore(of domain: StorageDomainID) async throws(DRError) {
    let call = CallName("update OVF_STORE", domain.description)
    let reply = try await change(.post, "/storagedomains/\(domain)/updateovfstore", [:], call)
    guard !reply.body.isEmpty else { return }
    let action = try JSONField(reply.body, contentType: reply.header("Content-Type"), call)
    // The command goes on after the answer; its job says when it is over (R `BackendResource.performAction`).
    guard let job = try action["job"]["id"].optionalID(Identifier<JobKind>.self) else { return }
    let end = clock.uptime + Self.ovfJobLimit
    while true {
      // The engine clears finished jobs away.
      guard let state = try await readIfPresent("/jobs/\(job)", call) else { return }
      switch try state["status"].text() {
      case "finished": return
      case "failed", "aborted": throw call.error(.transient, "the engine's job \(job) failed")
      default: break
      }
      if clock.uptime >= end {
        throw call.error(.timedOut, "the engine's job \(job) is not over after 10 min")
      }
      try await clock.sleep(for: Self.ovfJobInterval)
    }
  }
}

enum JobKind {}
