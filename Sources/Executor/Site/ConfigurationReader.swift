import DRKit
import Foundation
import StrictYAML

/// Reads the configuration file: strict YAML, unknown keys are errors.
public enum ConfigurationReader {
  /// - Throws: `.unfit` naming file, line and field.
  public static func read(path: String) throws(DRError) -> Configuration {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw DRError(
        .unfit, "read the configuration", path, reason: "the file can't be read",
        remedy: "name it with --config FILE")
    }
    do {
      return try parse(text, file: path)
    } catch {
      throw DRError(.unfit, "read the configuration", path, reason: error.description)
    }
  }

  public static func parse(_ text: String, file: String) throws(StrictYAMLError) -> Configuration {
    let root = try StrictDocument.parse(text, file: file)
    let map = try root.mapping(keys: ["state", "engine", "domains", "policy"])
    let directory = Self.directory(of: file)
    let domains = try map.required("domains").list(count: 1...1_000) { (node) throws(StrictYAMLError) in
      try domain(node)
    }
    var names: Set<String> = []
    for domain in domains where !names.insert(domain.name).inserted {
      throw try map.required("domains").error(
        "the domain `\(domain.name)` is given twice", remedy: "Remove one")
    }
    return Configuration(
      state: resolve(try map.required("state").string(), in: directory),
      engine: try engine(try map.required("engine"), directory), domains: domains,
      policy: try map.optional("policy").map(policy) ?? SyncPolicy())
  }

  /// Not `NSString.deletingLastPathComponent`: that of Swift 6.3.1 on Linux traps on a name of one character.
  private static func directory(of file: String) -> String {
    guard let slash = file.lastIndex(of: "/") else { return "" }
    return slash == file.startIndex ? "/" : String(file[..<slash])
  }

  private static func resolve(_ path: String, in directory: String) -> String {
    if path.hasPrefix("/") || directory.isEmpty { return path }
    return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
  }

  private static func engine(_ node: StrictNode, _ directory: String) throws(StrictYAMLError) -> EngineAccess
  {
    let map = try node.mapping(keys: ["url", "ca", "user", "password"])
    let secret = try map.required("password").mapping(keys: ["file", "environment"])
      .exactlyOne(of: ["file", "environment"])
    let text = try secret.value.string()
    return EngineAccess(
      url: try map.required("url").string(),
      certificateAuthority: try map.optional("ca").map { (node) throws(StrictYAMLError) in
        resolve(try node.string(), in: directory)
      },
      user: try map.required("user").string(),
      password: secret.key == "file" ? .file(resolve(text, in: directory)) : .environment(text))
  }

  private static func domain(_ node: StrictNode) throws(StrictYAMLError) -> ProtectedDomain {
    let map = try node.mapping(keys: ["name", "primary", "destinations"])
    let primary = try map.required("primary").mapping(keys: [
      "host", "volume", "access", "ssh-user", "agent", "agent-rate",
    ])
    let destinations = try map.required("destinations").list(count: 1...1) { (node) throws(StrictYAMLError) in
      try destination(node)
    }
    return ProtectedDomain(
      name: try map.required("name").string(), primary: try volume(primary, hostDefault: "localhost"),
      destinations: destinations)
  }

  private static func destination(_ node: StrictNode) throws(StrictYAMLError) -> Destination {
    let keys = ["name", "host", "volume", "access", "ssh-user", "session-user", "agent", "agent-rate"]
    let map = try node.mapping(keys: keys)
    return Destination(
      name: try map.required("name").string(), secondary: try volume(map, hostDefault: nil),
      sessionUser: try map.optional("session-user")?.string() ?? "root")
  }

  /// `access: local` (the default where the host may be left out) or `access: ssh`.
  private static func volume(
    _ map: StrictMapping, hostDefault: String?
  ) throws(StrictYAMLError) -> VolumeAccess {
    let word =
      try map.optional("access")?.choice(among: ["local", "ssh"]) ?? (hostDefault == nil ? "ssh" : "local")
    let user = try map.optional("ssh-user")?.string() ?? "root"
    let host: String
    if let hostDefault, word == "local", !map.has("host") {
      host = hostDefault
    } else {
      host = try map.required("host").string()
    }
    return VolumeAccess(
      host: host, volume: try map.required("volume").string(),
      access: word == "ssh" ? .ssh(user: user) : .local, agent: try agent(map))
  }

  /// `agent: true`, or the program's absolute path.
  private static func agent(_ map: StrictMapping) throws(StrictYAMLError) -> AgentAccess? {
    var access: AgentAccess?
    if let node = try map.optional("agent") {
      let text = try? node.string()
      if let text, text.hasPrefix("/") {
        access = AgentAccess(program: text)
      } else if try node.bool() {
        access = AgentAccess()
      }
    }
    guard let node = try map.optional("agent-rate") else { return access }
    guard access != nil else {
      throw node.error("has no meaning without an agent", remedy: "Add `agent: true`, or remove it")
    }
    access?.rate = try node.bandwidth(in: 1 << 20...1 << 40)
    return access
  }

  private static func policy(_ node: StrictNode) throws(StrictYAMLError) -> SyncPolicy {
    let map = try node.mapping(keys: [
      "on-snapshot-failure", "concurrency", "snapshot-limit", "replicate-limit", "converge-limit",
      "merge-limit",
      "merge-attempts", "overlay-reserve", "start-lead", "known-clients", "verify",
    ])
    func span(_ key: String, _ current: TimeSpan) throws(StrictYAMLError) -> TimeSpan {
      try map.optional(key)?.duration(in: .seconds(1) ... .hours(24 * 60)) ?? current
    }
    var policy = SyncPolicy()
    if let node = try map.optional("on-snapshot-failure") { policy.onSnapshotFailure = try node.choice() }
    if let node = try map.optional("verify") { policy.verify = try node.verifyLevel() }
    policy.concurrency = try map.optional("concurrency")?.int(in: 1...64) ?? policy.concurrency
    policy.snapshotLimit = try span("snapshot-limit", policy.snapshotLimit)
    policy.replicateLimit = try span("replicate-limit", policy.replicateLimit)
    policy.convergeLimit = try span("converge-limit", policy.convergeLimit)
    policy.mergeLimit = try span("merge-limit", policy.mergeLimit)
    policy.mergeAttempts = try map.optional("merge-attempts")?.int(in: 1...20) ?? policy.mergeAttempts
    policy.startLead =
      try map.optional("start-lead")?.duration(in: .zero ... .minutes(10)) ?? policy.startLead
    policy.overlayReserve = try map.optional("overlay-reserve")?.int(in: 0...90) ?? policy.overlayReserve
    policy.knownClients =
      try map.optional("known-clients")?.distinctList(count: 1...100) { (node) throws(StrictYAMLError) in
        try node.string(length: 255)
      } ?? policy.knownClients
    return policy
  }
}
