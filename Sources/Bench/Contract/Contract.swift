/// Every behaviour of a port that drkit relies on, one row of a table. The text before the colon is the port; the rest is what an
/// implementation promises, whichever it is: simulated, over the wire, or a real cluster.
public enum Contract: String, Hashable, Sendable, Codable, CaseIterable {
  // MARK: The engine
  case domainByNameOrID = "engine: a storage domain is found by its name and by its id, and is the same one"
  case unknownDomain = "engine: a storage domain that there is not is missing"
  case machinesOfTheDomain = "engine: each machine on the domain has a disk there, and is found by its id"
  case unknownMachine =
    "engine: a machine that there is not is nil; its disks, snapshots and configuration are missing"
  case activeVolumesListed =
    "engine: the domain's volumes hold the active volume of each image disk on it, one time"
  case configuration = "engine: a machine's configuration is an OVF that names it"
  case ovfStoreUpdated = "engine: OVF_STORE can be updated, and again"
  case snapshotLockedFirst =
    "engine: a new snapshot is locked at first, and listed with its description and the id that was told"
  case busyMachine = "engine: while a snapshot is made, another one of the machine is transient, not refused"
  case overlayID =
    "engine: when it is ok, the overlay has the id that was asked for, is active, and stands on the frozen volume"
  case onlyAskedDisks =
    "engine: a snapshot's volumes are the frozen ones of just the disks that were asked for"
  case overlayIDTaken = "engine: an overlay's id that exists is refused for good"
  case snapshotRemoved =
    "engine: a removed snapshot is nil at last; then the frozen volume is active again and the overlay is not listed"
  case removedTwice =
    "engine: a removal on top of a removal is transient or missing; of one that is gone, missing"
  case unknownSnapshot = "engine: a snapshot that there is not is nil, and its removal is missing"
  case eventTwice = "engine: an event that is posted again is success"
  case snapshotInLog =
    "engine: a machine's snapshot and its removal are in the log after the event that was the newest, oldest first, by its description"
  case logLost =
    "engine: events after one that the log does not have are missing, after the newest there are none"

  // MARK: The session
  case stoppedRows =
    "session: one that does not run has a row for each brick of the primary, all else in it is N/A"
  case startTwice = "session: a start of one that runs is success, and leaves its workers alone"
  case stopTwice = "session: a stop of one that does not run is success"
  case oneActive = "session: within a minute of the start there is one Active worker for each subvolume"
  case quietRows = "session: a worker that is not Active says nothing of its progress: N/A, not zero"
  case checkpointTime =
    "session: a checkpoint is set at the primary's now in whole seconds, and a later one is another"
  case checkpointShown = "session: each Active worker shows the checkpoint that was set, to the second"
  case checkpointTold =
    "session: a worker that says complete says of which checkpoint, and it is one that was set"
  case checkpointComplete =
    "session: when every Active worker says complete, what was written before the checkpoint has arrived"
  case settingsListed = "session: its options are listed by name, and the checkpoint is none of them"
  case settingChanged =
    "session: an option is set, set again and put back, and each time listed as it is"
  case settingUnknown = "session: an option that there is not is refused"
  case rsyncWords =
    "session: rsync's options are words with dashes, or none, and listed as they were set last"
  case runningNotDeleted = "session: one that runs is not deleted: refused"
  case deletedMissing =
    "session: one that was deleted is missing, its options too, and deleting it again is success"
  case createdAnew = "session: it is created again, twice with the same success, and its rows are Created"
  case createdCrawlsAll = "session: one that was created anew brings back what the secondary had lost"
  case primaryGeometry =
    "session: the primary volume is started, has subvolumes of bricks, shards and a rollover of seconds"
  case dataMover = "session: rsync tells its version at both ends, and is one that copies"

  // MARK: The secondary cluster
  case secondaryGeometry =
    "cluster: the secondary volume is started, has subvolumes of bricks, and shards as the primary has"
  case readOnlySwitch =
    "cluster: the read-only flag is seen as it was set last; setting it again changes nothing"
  case readOnlyRefuses =
    "cluster: a fresh view of a read-only volume refuses to write and to remove, and reads"
  case clientsShowViews = "cluster: each brick counts a view as long as it is open, and then no more"
  case clientsOfNobody =
    "cluster: a brick that nobody is connected to is left out, as one that could not be asked"
  case clientsShowWorkers =
    "cluster: a session that runs is connected to the secondary's bricks; one that was stopped is not any more"

  // MARK: Views of either volume
  case missingIsNil = "view: what does not exist is nil, never an error or empty; removing it is success"
  case replaceReadsBack =
    "view: what was replaced reads back equal, in new directories too, and leaves no other name"
  case replaceIsAtomic = "view: while a file is replaced, others read the old or the new one, whole"
  case emptyFile = "view: an empty file is there: no bytes, size 0, no blocks"
  case partsOfAFile = "view: a part of a file is its bytes; fewer at its end, none past it"
  case largeFile = "view: a file of more than 1 MiB is refused as a whole, and read in parts"
  case freshView = "view: a fresh view sees what others wrote and removed a moment ago"
  case digests =
    "view: equal content has equal digests, whole and in blocks; another byte changes its block and no other"
  case digestSample = "view: of a sample it digests the blocks that were drawn, each as among all of them"
  case digestsChecked = "view: asked beforehand whether it can digest, it says how, in words"
  case removesExactly = "view: removing files of a directory leaves exactly the others, untouched"
  case space = "view: the space is not more available than there is"
  case closedView = "view: one that was closed answers nothing more: unfit; closing it again changes nothing"

  // MARK: The primary volume
  case nonceOnEachSubvolume = "primary: a nonce is written on each subvolume, and reads back"
  case nonceRewritten = "primary: writing nonces again rewrites the same files"

  // MARK: What a session carries, seen at the secondary volume
  case notBefore = "secondary: what was written while the session was stopped is not there until it has run"
  case nonceArrives = "secondary: the nonces arrive with the same bytes"
  case listingEqual =
    "secondary: a directory that was written at the primary has the same names, sizes and bytes"
  case replacedArrives =
    "secondary: a file that was replaced at the primary is the new one, and one that was removed is gone"
  case multiShardEqual =
    "secondary: a frozen base of many shards has the size and the digest of each block that the primary's has"
  case metadataRewritten =
    "secondary: a volume's .meta with another VOLTYPE reads back equal, and leaves no other name"
  case overlayRemoved = "secondary: removing an overlay takes its own files and no other"

  // MARK: Journal and catalogue
  case journalMissing = "store: a step that was not recorded is nil"
  case journalOnce =
    "store: a step is recorded once: the same value again is success, another is refused and the first stands"
  case journalKeys = "store: steps, items and runs are kept apart"
  case leaseExclusive =
    "store: a lease that is held is busy for others, and the holder is named; the holder renews it"
  case leaseExpires = "store: a lease can be taken at its expiry, and not a moment earlier"
  case leaseReleased = "store: only its owner releases a lease"
  case runSaved = "store: a run is inserted, and then replaced by its id"
  case runsNewestFirst =
    "store: runs are listed newest first, of one key or of all, as many as were asked for"
  case unfinishedRun = "store: the unfinished run is the newest that still runs, of this key"
  case pointOnce = "store: the newest point is the youngest instant, and a point is saved once"
  case pointOfRun = "store: a run's point is found by the run, as it was saved; one that sealed none has none"
  case divergenceMark = "store: a divergence is nil, then as saved last, then cleared, and cleared again"
  case rsyncLimit =
    "store: what was set among rsync's options is nil, then as saved last, then forgotten, and again"
  case survives = "store: all of it is there for the next process, as it was"

  // MARK: The clock
  case sleeps = "clock: a sleep takes its time, by both clocks, and none if it is zero or negative"
  case sleepCancelled = "clock: a sleep of a task that was cancelled is stopped at once"

  /// The port's name.
  public var port: String { String(rawValue.prefix { $0 != ":" }) }
  /// What is promised.
  public var promise: String { String(rawValue.dropFirst(port.count + 2)) }
}
