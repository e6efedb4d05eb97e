/// What documents of all kinds are made of, and what has broken readers of them before.
enum Dialect {
  static let signs: [UInt8] =
    [0, 0x01, 0x1b, 0x7f, 0x80, 0xc0, 0xff] + Array("\n\r\t \"'`<>{}[]()&*#%!|:;,=-+./\\?@0aeE~".utf8)

  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
  }

  private static func texts(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

  static let numbers = texts([
    "0", "-0", "-1", "1", "00", "007", "0x10", "1_000", "1.5", ".5", "1.", "1e3", "1e400", "-1e-400", "NaN",
    "Infinity",
    "127", "255", "256", "65535", "65536", "2147483647", "2147483648", "-2147483649", "4294967296",
    "9223372036",
    "9223372037", "999999999999", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "18446744073709551615", "18446744073709551616", "1000000", "100000", "64", "1024",
    "１２",
  ])

  /// No valid UTF-8, or valid and unloved.
  static let badText: [[UInt8]] =
    [
      [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80],
      [0xe2, 0x82],
      [0xff, 0xfe], [0xef, 0xbb, 0xbf], [0], [0, 0, 0, 0], [0x1b, 0x5b, 0x33, 0x31, 0x6d],
    ]
    + texts([
      "\u{85}", "\u{2028}", "\u{feff}", "\u{202e}", "e\u{301}", "\u{1f468}\u{200d}\u{1f469}", "\u{10ffff}",
    ])

  static let nests: [([UInt8], [UInt8])] = [
    ("[", "]"), ("{", "}"), ("{\"a\":", "}"), ("[[1,", "]]"), ("<a>", "</a>"),
    ("<volume><name>", "</name></volume>"),
    ("- ", ""), ("(", ")"), ("? ", ""), ("a: {", "}"), ("<!-- ", " -->"), ("\"", "\""), ("&", ";"),
    ("):", ""),
  ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

  static let words = texts([
    "null", "~", "true", "yes", "no", "N/A", "-", "\"\"", "''", "[]", "{}", "<<: *a", "&a ", "*a", "!!int ",
    "!!binary ",
    "---\n", "...\n", "%YAML 1.1\n", "? ", "| ", ">-\n", "# ", "\t", "..", "3s..1s", "64MB", "1TiB", "1h30m",
    "290y", "5%",
    "0", "-1", "99999999999999999999", "name", "id", "local", "ssh", "root", "kept", "link.down",
    "worker.crash",
    "\\u0000", "\\ud800", "\\udc00\\ud800", "\\x41", "\\", "\"a\":1,", ",", ":", "{\"a\":{\"a\":", "1e999",
    "<!DOCTYPE a [<!ENTITY x \"y\">]>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">", "&x;", "&lt;", "&#0;",
    "&#x110000;",
    "&#xd800;", "&#99999999999;", "<![CDATA[", "]]>", "<!--", "-->",
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
    "<?xml version=\"1.0\" encoding=\"latin1\"?>", "<a/>", "</a>", "<a b=\"c\" b=\"d\">", "<opRet>0</opRet>",
    "9999-12-31 23:59:59", "2026-02-30 24:60:61", "1969-12-31 23:59:59", "N/A N/A", "(null)", " (DEFAULT)",
    "POSIX(/b):",
    "<POSIX(", "../", "/", "//", "%00", "%zz", "%", ";max=1", "?", "*", "\r\n", "EOF\n", "=",
    "VOLTYPE=SHARED\n",
    "00000000-0000-0000-0000-000000000000", "[::1]", "localhost", ":0", ":65536", "@", "sortby", "page -1",
  ])
}
