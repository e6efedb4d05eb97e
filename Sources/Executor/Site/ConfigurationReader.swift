import DRKit
import Foundation
import GlusterCLI
import OVirtClient
import StrictYAML

/// Reads the configuration file: strict YAML, unknown keys are errors.
public enum ConfigurationReader {
  /// - Throws: `.unfit` naming file, line and field.
  public static func read(path: String) throws(DRError) -> Configuration {
    func unfit(_ reason: String, _ remedy: String) -> DRError {
      DRError(.unfit, "read the configuration", path, reason: reason, remedy: remedy)
    }
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      let code = errno
      throw unfit(
        "the file can't be read: \(String(cString: strerror(code)))",
        code == ENOENT ? "name it with --config FILE" : "make it readable for the user that runs drctl")
    }
    let data: Data
    do {
      data = try FileHandle(fileDescriptor: file, closeOnDealloc: true).readToEnd() ?? Data()
    } catch {
      throw unfit("the file can't be read", "name a regular file with --config FILE")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw unfit("the file is not UTF-8 text", "save it in UTF-8")
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
    var earlier: [ProtectedDomain] = []
    let domains = try map.required("domains").list(count: 1...1_000) { (node) throws(StrictYAMLError) in
      let domain = try Self.domain(node)
      for other in earlier { try refuse(domain, beside: other, node) }
      earlier.append(domain)
      return domain
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

  /// As above, with a name for the directory that is meant by no name.
  static func parent(of file: String) -> String {
    let directory = directory(of: file)
    return directory.isEmpty ? "." : directory
  }

  /// A lease is held by configured names: two that mean one volume would act on it at the same time.
  private static func refuse(
    _ domain: ProtectedDomain, beside other: ProtectedDomain, _ node: StrictNode
  ) throws(StrictYAMLError) {
    func isSame(_ one: VolumeAccess, _ two: VolumeAccess) -> Bool {
      let names = two.hosts.map { $0.lowercased() }
      return one.volume == two.volume && one.hosts.contains { names.contains($0.lowercased()) }
    }
    if domain.name == other.name {
      throw node.error("the domain `\(domain.name)` is given twice", remedy: "Remove one")
    }
    if isSame(domain.primary, other.primary) {
      throw node.error(
        "its primary volume `\(domain.primary.volume)` is that of the domain `\(other.name)`",
        remedy: "Give each domain a volume of its own")
    }
    for mine in domain.destinations {
      for theirs in other.destinations where isSame(mine.secondary, theirs.secondary) {
        throw node.error(
          "its secondary volume `\(mine.secondary.volume)` is that of the domain `\(other.name)`",
          remedy: "Give each domain a secondary volume of its own")
      }
    }
  }

  /// The text, if `check` has nothing against it. Its complaint then stands at the node.
  private static func text(
    _ node: StrictNode, _ check: (String) throws(DRError) -> Void
  ) throws(StrictYAMLError) -> String {
    let text = try node.string()
    do throws(DRError) {
      try check(text)
    } catch {
      throw node.error(error.reason, remedy: error.remedy)
    }
    return text
  }

  private static func user(_ node: StrictNode?) throws(StrictYAMLError) -> String {
    guard let node else { return "root" }
    return try text(node) { (user) throws(DRError) in _ = try SSHRunner(host: "localhost", user: user) }
  }

  private static func resolve(_ path: String, in directory: String) -> String {
    if path.hasPrefix("/") || directory.isEmpty { return path }
    return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
  }

  private static func engine(_ node: StrictNode, _ directory: String) throws(StrictYAMLError) -> EngineAccess
  {
    let map = try node.mapping(keys: ["url", "ca", "user", "password", "transport"])
    let secret = try map.required("password").mapping(keys: ["file", "environment"])
      .exactlyOne(of: ["file", "environment"])
    let source = try secret.value.string()
    return EngineAccess(
      url: try text(try map.required("url")) { (url) throws(DRError) in _ = try EngineAddress(url: url) },
      certificateAuthority: try map.optional("ca").map { (node) throws(StrictYAMLError) in
        resolve(try node.string(), in: directory)
      },
      user: try map.required("user").string(),
      password: secret.key == "file" ? .file(resolve(source, in: directory)) : .environment(source),
      transport: try map.optional("transport").map { (node) throws(StrictYAMLError) in try node.choice() }
        ?? .standard)
  }

  private static func domain(_ node: StrictNode) throws(StrictYAMLError) -> ProtectedDomain {
    let map = try node.mapping(keys: ["name", "primary", "destinations"])
    let primary = try map.required("primary").mapping(keys: [
      "host", "hosts", "volume", "access", "ssh-user", "agent", "agent-rate",
    ])
    let destinations = try map.required("destinations").list(count: 1...1) { (node) throws(StrictYAMLError) in
      try destination(node)
    }
    return ProtectedDomain(
      name: try map.required("name").string(), primary: try volume(primary, hostDefault: "localhost"),
      destinations: destinations)
  }

  private static func destination(_ node: StrictNode) throws(StrictYAMLError) -> Destination {
    let keys = [
      "name", "host", "hosts", "volume", "access", "ssh-user", "session-user", "bandwidth", "agent",
      "agent-rate",
    ]
    let map = try node.mapping(keys: keys)
    return Destination(
      name: try map.required("name").string(), secondary: try volume(map, hostDefault: nil),
      sessionUser: try user(try map.optional("session-user")),
      bandwidth: try map.optional("bandwidth")?.bandwidth(in: 64 << 10...1 << 40))
  }

  /// `access: local` (the default where the host may be left out) or `access: ssh`.
  private static func volume(
    _ map: StrictMapping, hostDefault: String?
  ) throws(StrictYAMLError) -> VolumeAccess {
    let word =
      try map.optional("access")?.choice(among: ["local", "ssh"]) ?? (hostDefault == nil ? "ssh" : "local")
    if word == "local", let node = try map.optional("ssh-user") {
      throw node.error("has no meaning with `access: local`", remedy: "Remove it, or write `access: ssh`")
    }
    let user = try Self.user(try map.optional("ssh-user"))
    let hosts: [String]
    if let hostDefault, word == "local", !map.has("host"), !map.has("hosts") {
      hosts = [hostDefault]
    } else {
      let given = try map.exactlyOne(of: ["host", "hosts"])
      hosts =
        given.key == "host"
        ? [try host(given.value)]
        : try given.value.distinctList(count: 1...16) { (node) throws(StrictYAMLError) in try host(node) }
    }
    let volume = try text(try map.required("volume")) { (volume) throws(DRError) in
      _ = try GlusterMount(server: "localhost", volume: volume)
    }
    return VolumeAccess(
      host: hosts[0], otherHosts: Array(hosts.dropFirst()), volume: volume,
      access: word == "ssh" ? .ssh(user: user) : .local, agent: try agent(map))
  }

  private static func host(_ node: StrictNode) throws(StrictYAMLError) -> String {
    try text(node) { (host) throws(DRError) in
      _ = try GlusterMount(server: host, volume: "any")
      _ = try SSHRunner(host: host)
    }
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
