import DRKit

/// The words of a status: `N/A` for what is not known.
enum StatusWords {
  static func state(_ state: WorkerState) -> String {
    switch state {
    case .created: "Created"
    case .initializing: "Initializing..."
    case .active: "Active"
    case .passive: "Passive"
    case .paused: "Paused"
    case .stopped: "Stopped"
    case .faulty: "Faulty"
    case .unknown(let word): word
    }
  }

  static func crawl(_ crawl: CrawlState) -> String {
    switch crawl {
    case .hybrid: "Hybrid Crawl"
    case .history: "History Crawl"
    case .changelog: "Changelog Crawl"
    case .none: "N/A"
    case .unknown(let word): word
    }
  }

  /// Empty while a worker has the secondary mounted.
  static func secondaryNode(_ state: WorkerState) -> String {
    state == .active || state == .passive ? "" : "N/A"
  }

  static func count(_ number: Int64?) -> String { number.map { "\($0)" } ?? "N/A" }

  static func completed(_ isComplete: Bool?) -> String { isComplete.map { $0 ? "Yes" : "No" } ?? "N/A" }

  /// `2026-11-23 10:15:36`, UTC.
  static func time(_ instant: Instant?) -> String {
    instant.map { String($0.text.dropLast().map { $0 == "T" ? " " : $0 }) } ?? "N/A"
  }
}

/// A plain status, which only people read: the columns of 10.3, each as wide as its widest word and four spaces more.
enum StatusTable {
  static func text(_ rows: [WorkerStatus], _ request: GeoReplicationRequest) -> String {
    let isDetailed = request.rest == ["detail"]
    var heads = [
      "PRIMARY NODE", "PRIMARY VOL", "PRIMARY BRICK", "SECONDARY USER", "SECONDARY", "SECONDARY NODE",
      "STATUS",
      "CRAWL STATUS", "LAST_SYNCED",
    ]
    if isDetailed {
      heads += [
        "ENTRY", "DATA", "META", "FAILURES", "CHECKPOINT TIME", "CHECKPOINT COMPLETED",
        "CHECKPOINT COMPLETION TIME",
      ]
    }
    let lines = rows.map { row -> [String] in
      var cells = [
        row.brick.node, request.primary, row.brick.path, request.user, request.secondary,
        StatusWords.secondaryNode(row.state), StatusWords.state(row.state), StatusWords.crawl(row.crawl),
        StatusWords.time(row.lastSynced),
      ]
      if isDetailed {
        let isComplete = row.checkpointCompleted == true
        cells += [
          StatusWords.count(row.entriesPending), StatusWords.count(row.dataPending),
          StatusWords.count(row.metadataPending), StatusWords.count(row.failures),
          StatusWords.time(row.checkpointTime), StatusWords.completed(row.checkpointCompleted),
          isComplete ? StatusWords.time(row.lastSynced) : "N/A",
        ]
      }
      return cells
    }
    let widths = heads.indices.map { column in
      ([heads] + lines).reduce(0) { max($0, $1[column].count) } + 4
    }
    func line(_ cells: [String]) -> String {
      zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined() + "\n"
    }
    let rule = String(repeating: "-", count: widths.reduce(0, +)) + "\n"
    return " \n" + line(heads) + rule + lines.map(line).joined()
  }
}
