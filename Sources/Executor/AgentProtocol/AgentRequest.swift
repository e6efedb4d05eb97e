import DRKit

/// What an agent is asked, as its command line says it. Both ends use this, so that they can't come apart.
public enum AgentRequest: Hashable, Sendable {
  /// Say `hello` and no more.
  case hello
  case digest(DigestOrder)

  /// After `argv[0]`.
  public var arguments: [String] {
    switch self {
    case .hello: ["hello"]
    case .digest(let order): ["digest"] + order.arguments
    }
  }

  /// - Throws: `.unfit` naming the word that is wrong.
  public init(arguments: some Collection<String>) throws(DRError) {
    switch arguments.first {
    case "hello":
      guard arguments.count == 1 else { throw DigestOrder.unfit("hello takes no options") }
      self = .hello
    case "digest": self = .digest(try DigestOrder(Array(arguments.dropFirst())))
    default:
      throw DigestOrder.unfit("the first word is \"\(arguments.first ?? "")\", not hello or digest")
    }
  }
}

/// One file to be digested.
public struct DigestOrder: Hashable, Sendable {
  public enum Source: Hashable, Sendable {
    /// A volume, mounted anew from a node of its cluster.
    case volume(server: String, name: String)
    /// A directory that the agent can see.
    case directory(String)
  }

  public var source: Source
  /// Of a volume: further nodes to ask for its description when the server does not answer.
  public var backupServers: [String] = []
  /// Relative to the volume's root, or the directory.
  public var path: String
  public var plan: DigestPlan
  /// Bytes a second over all threads; nil: as fast as it goes.
  public var rate: Int64?
  /// Nil: one for each core.
  public var threads: Int?

  public static let rateRange: ClosedRange<Int64> = 1 << 16...1 << 40
  public static let threadRange = 1...256
  public static let sampleRange = 1...1 << 20

  public init(_ source: Source, _ path: String, _ plan: DigestPlan, rate: Int64? = nil, threads: Int? = nil) {
    self.source = source
    self.path = path
    self.plan = plan
    self.rate = rate
    self.threads = threads
  }

  var arguments: [String] {
    var words: [String] =
      switch source {
      case .volume(let server, let name): ["--server", server, "--volume", name]
      case .directory(let path): ["--directory", path]
      }
    if !backupServers.isEmpty { words += ["--backup-servers", backupServers.joined(separator: ",")] }
    words += ["--block", "\(plan.block)"]
    if let sample = plan.sample { words += ["--sample", "\(sample.count)", "--seed", "\(sample.seed)"] }
    if let rate { words += ["--rate", "\(rate)"] }
    if let threads { words += ["--threads", "\(threads)"] }
    return words + ["--path", path]
  }

  private static let options = [
    "--server", "--backup-servers", "--volume", "--directory", "--block", "--sample", "--seed", "--rate",
    "--threads", "--path",
  ]

  init(_ words: [String]) throws(DRError) {
    var values: [String: String] = [:]
    var rest = words[...]
    while let option = rest.popFirst() {
      guard Self.options.contains(option) else { throw Self.unfit("there is no option \"\(option)\"") }
      guard let value = rest.popFirst() else { throw Self.unfit("\(option) has no value") }
      guard values.updateValue(value, forKey: option) == nil else {
        throw Self.unfit("\(option) is given twice")
      }
    }
    switch (values["--server"], values["--volume"], values["--directory"]) {
    case (let server?, let name?, nil): source = .volume(server: server, name: name)
    case (nil, nil, let path?): source = .directory(path)
    default: throw Self.unfit("give --server and --volume, or --directory")
    }
    if let names = values["--backup-servers"] {
      guard values["--server"] != nil else { throw Self.unfit("--backup-servers goes with --server") }
      backupServers = names.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    guard let path = values["--path"] else { throw Self.unfit("--path is missing") }
    self.path = path
    guard let block = try Self.number(values, "--block", 1...Int64.max) else {
      throw Self.unfit("--block is missing")
    }
    let count = try Self.number(values, "--sample", Self.sampleRange)
    let seed = try Self.number(values, "--seed", 0...UInt64.max)
    guard (count == nil) == (seed == nil) else { throw Self.unfit("--sample and --seed go together") }
    var sample: BlockSample?
    if let count, let seed { sample = BlockSample(count: count, seed: seed) }
    plan = DigestPlan(block: block, sample: sample)
    rate = try Self.number(values, "--rate", Self.rateRange)
    threads = try Self.number(values, "--threads", Self.threadRange)
  }

  private static func number<N: FixedWidthInteger>(
    _ values: [String: String], _ option: String, _ range: ClosedRange<N>
  ) throws(DRError) -> N? {
    guard let text = values[option] else { return nil }
    guard let number = N(text), range.contains(number) else {
      throw unfit("\(option) takes \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
    }
    return number
  }

  static func unfit(_ reason: String) -> DRError {
    DRError(.unfit, "ask an agent", reason: reason, remedy: "see drkit-agent --help")
  }
}
