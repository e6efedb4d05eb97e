import ArgumentParser
import DRKit
import Site

struct Runs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List runs, or show one.",
    discussion: """
      Examples:
        drctl runs
        drctl runs --limit 100 --json | jq '.[].outcome'
        drctl runs show 0b7c4a52-9c1e-4f0d-8a53-5d9e6f1b2c34
      """,
    subcommands: [List.self, Show.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List runs, newest first.")
    @OptionGroup var options: ConfigurationOptions
    @Option(help: "How many, 1 to 10000.") var limit = 20

    func validate() throws {
      guard (1...10_000).contains(limit) else { throw ValidationError("--limit takes 1 to 10000") }
    }

    func run() async throws {
      try await reporting(json: options.json) {
        let store = try SiteAssembly.openCatalogue(options.read())
        let runs = try await store.runs(nil, limit: limit)
        if options.json { return Console.out(try JSONText.of(runs)) }
        guard !runs.isEmpty else { return Console.out("no runs yet") }
        Console.out(
          Table.text(
            ["RUN", "DOMAIN@DESTINATION", "BEGAN", "TOOK", "OUTCOME", "WHY"],
            runs.map { run in
              [
                run.id.description, run.key.description, run.began.text,
                run.ended.map { ($0 - run.began).text } ?? "-", run.outcome.rawValue,
                run.failure.map { "\($0.operation): \($0.reason)" } ?? "",
              ]
            }))
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one run, phase by phase.")
    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The run's id.", transform: Self.identifier) var run: RunID

    private static func identifier(_ text: String) throws -> RunID {
      guard let id = RunID(text) else {
        throw ValidationError("\"\(text)\" is no run id; `drctl runs` lists them")
      }
      return id
    }

    func run() async throws {
      try await reporting(json: options.json) {
        let store = try SiteAssembly.openCatalogue(options.read())
        guard let record = try await store.run(run) else {
          throw DRError(
            .missing, "show a run", run.description, reason: "there is no such run",
            remedy: "`drctl runs` lists them")
        }
        let point = try await store.point(of: run)
        if options.json { return Console.out(try JSONText.of(Output(record: record, point: point))) }
        Console.out("run      \(record.id)\nof       \(record.key)\nbegan    \(record.began.text)")
        Console.out("outcome  \(record.outcome.rawValue)")
        for phase in record.phases {
          Console.out(
            "  \(phase.phase.rawValue.padded(10))\((phase.ended - phase.began).text.padded(9))\(phase.note)")
        }
        if let failure = record.failure { Console.out("why      \(failure)") }
        for snapshot in record.leftOver { Console.out("standing \(snapshot)") }
        for line in point.map(VerdictText.lines) ?? [] { Console.out(line) }
      }
    }

    /// The run's own fields, and its point beside them.
    struct Output: Encodable {
      var record: RunRecord
      var point: RecoveryPoint?

      private enum Key: String, CodingKey { case point }

      func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(point, forKey: .point)
      }
    }
  }
}

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what would come up if the primary died now.",
    discussion: """
      One line a domain: its newest sealed point and that point's age, which counts from the snapshots, not from their \
      arrival. A run that is replicating overwrites the secondary: the point is said to be in doubt until it ends.

      Example:
        drctl status
      """)

  @OptionGroup var options: ConfigurationOptions

  struct Line: Encodable {
    var domain: String
    var destination: String
    var point: RecoveryPoint?
    /// Seconds since the point's snapshots; absent while there is no point.
    var exposureSeconds: Int64?
    var unfinishedRun: RunRecord?
    var isPointInDoubt: Bool
    /// Absent while the destination is not known to be diverged.
    var divergence: Divergence?
    var lastRun: RunRecord?
  }

  func run() async throws {
    try await reporting(json: options.json) {
      let configuration = try options.read()
      let store = try SiteAssembly.openCatalogue(configuration)
      let now = SystemClock().now
      var lines: [Line] = []
      for domain in configuration.domains {
        for destination in domain.destinations {
          let key = DestinationKey(domain: domain.name, destination: destination.name)
          let point = try await store.newestPoint(key)
          let last = try await store.runs(key, limit: 1).first
          let unfinished = try await store.unfinishedRun(key)
          var doubt = false
          if let point { doubt = try await PointDoubt.overwriter(of: point, in: store, store) != nil }
          lines.append(
            Line(
              domain: domain.name, destination: destination.name, point: point,
              exposureSeconds: point.map { (now - $0.instant).wholeSeconds }, unfinishedRun: unfinished,
              isPointInDoubt: doubt,
              divergence: try await store.divergence(of: key), lastRun: last))
        }
      }
      if options.json { return Console.out(try JSONText.of(lines)) }
      for line in lines { Console.out(text(line, now)) }
    }
  }

  private func text(_ line: Line, _ now: Instant) -> String {
    let head = "\(line.domain)@\(line.destination)"
    let diverged = line.divergence.map { "\n  " + DivergenceText.of($0) } ?? ""
    guard let point = line.point else {
      let run = line.unfinishedRun.map { "\n  run \($0.id), begun \($0.began.text), has not ended" } ?? ""
      return "\(head)  NOTHING: no recovery point was ever sealed" + run + diverged
    }
    let age = (now - point.instant).text
    let machines = Set(point.images.map(\.machine)).count
    var text =
      "\(head)  point of \(point.instant.text), \(age) old: \(machines) machine(s), \(point.images.count) image(s)"
    if line.isPointInDoubt {
      let state = line.unfinishedRun == nil ? "failed" : "is running or was cut short"
      text += "\n  IN DOUBT: a later run \(state), and may have overwritten images of this point"
    }
    if let proof = ContentProof.weakest(point.images.compactMap(\.proof)), proof.level == .sampled {
      text += "\n  BY SAMPLES: \(proof)"
    }
    if let run = point.diverged {
      text += "\n  SEALED WHILE DIVERGED (run \(run)): only its own images are proved"
    }
    text += diverged
    for line in VerdictText.lines(point) { text += "\n  \(line)" }
    return text
  }
}
