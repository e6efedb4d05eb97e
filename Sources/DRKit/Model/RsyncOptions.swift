/// A session's `rsync_options`: gsyncd parts them at white space and gives them to every rsync that it starts.
public struct RsyncOptions: Hashable, Sendable {
  /// As they stand there; `--bwlimit` and a rate of its own are one word here.
  public private(set) var words: [String] = []

  public init(_ text: String) {
    for word in text.split(whereSeparator: \.isWhitespace) {
      if words.last == "--bwlimit" {
        words[words.count - 1] += " " + word
      } else {
        words.append(String(word))
      }
    }
  }

  /// The option's value, without a space before it.
  public var text: String { words.joined(separator: " ") }

  /// As `config` lists the option.
  public static let name = "rsync_options"

  /// Whether rsync looks into each file that it is told of, and does not pass over those of the copy's size and second.
  public var comparesAll: Bool { words.contains { Self.comparing.contains($0) } }

  /// The same, so that it does.
  public func comparingAll() -> RsyncOptions {
    var options = self
    if !comparesAll { options.words.append("--ignore-times") }
    return options
  }

  private static let comparing: Set<String> = ["--ignore-times", "-I", "--checksum", "-c"]

  /// Those that limit the bandwidth; rsync obeys the last.
  public var limits: [String] { words.filter(Self.isLimit) }

  /// The same, with other limits at the end.
  public func limited(by limits: [String]) -> RsyncOptions {
    var options = self
    options.words = words.filter { !Self.isLimit($0) } + limits
    return options
  }

  /// Bytes a second of one rsync; nil where nothing limits it, or in a form that is not read here (fractions).
  public var rate: Int64? {
    guard let word = limits.last, let sign = word.firstIndex(where: { $0 == "=" || $0 == " " }) else {
      return nil
    }
    let value = word[word.index(after: sign)...]
    let digits = value.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int64(digits), number > 0 else { return nil }
    // Of 1024 each; without a unit it is KiB (rsync(1)).
    let shift: Int64
    switch value.dropFirst(digits.count).lowercased() {
    case "", "k", "kib": shift = 10
    case "m", "mib": shift = 20
    case "g", "gib": shift = 30
    default: return nil
    }
    return number <= Int64.max >> shift ? number << shift : nil
  }

  /// The word for so many rsync processes that together may send so much.
  /// - Parameters:
  ///   - rate: bytes a second.
  ///   - processes: positive.
  public static func limit(_ rate: Int64, over processes: Int64) -> String {
    "--bwlimit=\(max(1, rate / 1_024 / max(1, processes)))"
  }

  private static func isLimit(_ word: String) -> Bool {
    word == "--bwlimit" || word == "--no-bwlimit" || word.hasPrefix("--bwlimit=")
      || word.hasPrefix("--bwlimit ")
  }
}

/// What drkit put among a session's `rsync_options`. Remembered with the history: what nobody remembers is the administrator's, and
/// is never taken away.
public struct RsyncLimit: Hashable, Sendable, Codable {
  public var key: DestinationKey
  /// Limits that drkit has set, or is about to; more than one while one takes the place of another.
  public var ours: [String]
  /// The administrator's own, in whose place they stand.
  public var before: [String]

  public init(key: DestinationKey, ours: [String], before: [String]) {
    self.key = key
    self.ours = ours
    self.before = before
  }
}
