"""Every code that a check of files or releases can give: what it means and what to do about it.

Codes stay: one that is no longer given is never given another meaning. RW1xx are about one file, RW2xx about
the files of a release together, RW3xx about the index that offers them. `docs/checks.md` has a line for each.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

__all__ = ["RULES", "Rule", "Severity"]


class Severity(StrEnum):
    """How bad it is; the order is that of the members."""

    ERROR = "error"
    """Nobody should get the file like this; checks fail and nothing is published."""
    WARNING = "warning"
    """It works for some, and most probably it was not meant."""
    NOTE = "note"
    """Good to know."""


class Rule(NamedTuple):
    """What a code means."""

    code: str
    title: str
    """One line, as in the table of the documentation."""
    severity: Severity
    """How bad it is unless a finding says otherwise."""
    meaning: str
    """Why it matters, for `--explain`."""
    remedy: str
    """What to do, in one line."""


_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_ALL = (
    # The file and its name
    Rule("RW101", "the file cannot be read", _ERROR,
         "The operating system does not give out the file.",
         "check its permissions and the disk"),
    Rule("RW102", "the file is not named like a wheel", _ERROR,
         "Installers learn project, version, platform and label from the name alone "
         "(binary distribution format; PEP 825, file name), so they pass over what they cannot parse.",
         "build it again; don't rename wheels by hand"),
    Rule("RW103", "the version in the file name is none", _ERROR,
         "Installers compare versions by PEP 440 and pass over files with any other.",
         "give the project a version such as 1.2.3"),
    Rule("RW104", "the file name is very long", _WARNING,
         "Some file systems and archives refuse names of more than 255 bytes, and paths are longer still.",
         "choose a shorter label"),
    Rule("RW105", "the archive is not one that may be unpacked", _ERROR,
         "It is no zip archive, or one that different tools would read differently, or that would write "
         "outside its folder: installers refuse it.",
         "build it again with a maintained build backend"),
    Rule("RW106", "WHEEL is broken or of a format that is not known", _ERROR,
         "Without a readable WHEEL file nobody can tell how the wheel is to be installed.",
         "build it again with a maintained build backend"),
    Rule("RW107", "WHEEL has other tags than the file name", _WARNING,
         "Installers go by the file name; tools that repack go by WHEEL, and would give it another name.",
         "rename with a tool that edits both, such as `wheel tags`"),
    Rule("RW108", "WHEEL has another build tag than the file name", _WARNING,
         "Installers go by the file name; tools that repack go by WHEEL.",
         "rename with a tool that edits both, such as `wheel tags`"),
    Rule("RW109", "a member of the archive is damaged", _ERROR,
         "Its data do not have the declared size or checksum.",
         "build or copy the file again"),
    Rule("RW110", "the dist-info directory is missing or that of another release", _ERROR,
         "Installers find everything else through it (binary distribution format).",
         "build it again; don't rename wheels by hand"),
    # METADATA
    Rule("RW111", "METADATA is missing or broken", _ERROR,
         "Installers read name, version and dependencies there (core metadata specifications).",
         "build it again with a maintained build backend"),
    Rule("RW112", "METADATA is that of another release", _ERROR,
         "Its name or version is not the one of the file name. Installers refuse such a wheel once it is "
         "downloaded, after they have chosen it.",
         "build it again; don't rename wheels by hand"),
    Rule("RW113", "a dependency cannot be parsed", _ERROR,
         "It is no valid dependency specifier (PEP 508, with the variant markers of PEP 825), so the "
         "release cannot be installed.",
         "mend it in the project's dependencies"),
    Rule("RW114", "Requires-Python cannot be parsed", _WARNING,
         "Some installers ignore it, others refuse the release.",
         "mend requires-python of the project"),
    Rule("RW115", "a plain wheel has variant markers", _WARNING,
         "Plain wheels are there for tools that do not know variants, and these refuse a dependency whose "
         "marker they cannot parse.",
         "settle the markers: `rewheel variant unmake --resolve-markers` does, from a variant wheel"),
    Rule("RW116", "a dependency is a direct reference", _WARNING,
         "Public indexes refuse uploads whose dependencies name a URL instead of a release.",
         "depend on a released version"),
    Rule("RW117", "an extra is used by a dependency but not declared", _WARNING,
         "Nobody can ask for an extra that Provides-Extra does not list.",
         "declare the extra in optional-dependencies"),
    Rule("RW118", "a variant marker can never be true", _WARNING,
         "It asks for a label, namespace, feature or property that this wheel does not have, and is in no "
         "wheel of the release either, so the dependency is never installed.",
         "compare the spelling with the label's properties"),
    # variant.json
    Rule("RW121", "a labelled wheel has no variant.json", _ERROR,
         "Installers hold the label against variant.json and refuse the wheel without it (PEP 825).",
         "make variants with `rewheel build` or `rewheel variant make`"),
    Rule("RW122", "a plain wheel has a variant.json", _ERROR,
         "Its name has no label, so it is a plain wheel and everybody gets it, whatever variant.json says.",
         "give it its label again, or remove the file with `rewheel variant unmake`"),
    Rule("RW123", "variant.json is not valid", _ERROR,
         "It breaks a rule of the standard, or does not describe exactly the label of the file name.",
         "make the wheel again from a valid [variant] table"),
    Rule("RW124", "variant.json has something odd that readers tolerate", _WARNING,
         "Readers go on, but it is not as the standard wants it written.",
         "make the wheel again with `rewheel variant make --replace`"),
    Rule("RW125", "variant.json is of an older dialect", _WARNING,
         "Installers that know only the standard ignore documents of the drafts.",
         "make the wheel again with `rewheel variant make --replace`"),
    Rule("RW126", "no provider knows a property", _WARNING,
         "The provider of the namespace never says that a machine supports it, so nobody gets this variant.",
         "compare the spelling with docs/machines.md"),
    Rule("RW127", "nobody is known to tell what of a namespace is supported", _WARNING,
         "The metadata names no provider, and the name is not one that installers know by themselves, so the "
         "variant counts as unsupported everywhere.",
         "name a provider or a static list in [variant.providers]"),
    # RECORD
    Rule("RW131", "RECORD is missing or broken", _ERROR,
         "RECORD vouches for every file of a wheel; installers refuse a wheel without it.",
         "build it again with a maintained build backend"),
    Rule("RW132", "RECORD lists an unsafe path", _ERROR,
         "The path leads out of the folder that the wheel is installed to.",
         "don't publish the file before you know who made it"),
    Rule("RW133", "RECORD lists a file twice", _WARNING,
         "Readers may believe either row; if the rows differ, the wheel is refused.",
         "build it again with a maintained build backend"),
    Rule("RW134", "a file is not listed in RECORD", _ERROR,
         "Nothing vouches for it, so installers refuse the wheel.",
         "don't add files to a wheel by hand; `wheel pack` writes RECORD anew"),
    Rule("RW135", "a file has no strong hash in RECORD", _ERROR,
         "SHA-256 or better is asked for (binary distribution format).",
         "build it again with a maintained build backend"),
    Rule("RW136", "a file is not what RECORD says", _ERROR,
         "Its size or hash differs: it was changed or damaged after the wheel was built.",
         "build it again, or write RECORD anew with `wheel pack` if the change was meant"),
    Rule("RW137", "RECORD lists a file that is not there", _WARNING,
         "Installers pass over the row.",
         "build it again with a maintained build backend"),
    # Compiled code
    Rule("RW141", "the code needs more than the variant promises", _ERROR,
         "Machines of the declared level get the wheel and cannot run it: the program dies with an illegal "
         "instruction.",
         "compile with the -march of the label, or declare the property that the code needs"),
    Rule("RW142", "the code has instructions beyond what the variant promises, behind a choice at run time",
         _NOTE,
         "The file asks the processor what it has (CPUID), or lets the loader ask (IFUNC), so such code is "
         "probably never reached on lesser machines. Nobody can prove it by reading.",
         "run the tests on the least machine that the label allows"),
    Rule("RW143", "compiled code is for another architecture than the platform tag", _ERROR,
         "Whoever gets the wheel cannot load the file.",
         "build it again for the platform of its tag"),
    Rule("RW144", "a wheel for any platform holds compiled code", _WARNING,
         "The file name says that the wheel works everywhere; compiled code works on one platform.",
         "build it with the platform tag of the code"),
    Rule("RW145", "compiled code could not be examined", _NOTE,
         "The file is damaged, of a kind that is not known, or larger than what is examined.",
         "nothing, unless the file is meant to be loaded"),
    # What the index accepts
    Rule("RW151", "a file is larger than the index accepts", _ERROR,
         "The upload would be refused, possibly after the other files of the release are public.",
         "ask the index for a higher limit, or make the file smaller: `--limits` says what is accepted"),
    Rule("RW152", "the release is larger than the index accepts of the project", _ERROR,
         "The upload of the last files would be refused when the first are public.",
         "ask the index for a higher limit, or drop variants that few machines need"),
    Rule("RW153", "the index refuses the platform tag", _ERROR,
         "Public indexes take linux_* wheels from nobody: such wheels run only where they were built.",
         "repair the wheel with auditwheel, which gives it a manylinux or musllinux tag"),
    Rule("RW154", "the index refuses local versions", _ERROR,
         "A version such as 1.0+cu128 may not be published on a public index (PEP 440).",
         "use variants instead of local versions"),
    # Source distributions
    Rule("RW161", "the file is not named like a source distribution", _WARNING,
         "Indexes and installers pass over it.",
         "build it with `python -m build --sdist`"),
    Rule("RW162", "the source distribution cannot be read", _ERROR,
         "It is damaged, or has no PKG-INFO.",
         "build it with `python -m build --sdist`"),
    Rule("RW163", "PKG-INFO is that of another release", _ERROR,
         "Its name or version is not the one of the file name.",
         "build it again; don't rename files by hand"),
    Rule("RW164", "the source distribution would write outside its folder", _ERROR,
         "A member has an absolute path or leads out of the top folder, by its name or as a link.",
         "don't publish the file before you know who made it"),
    # The wheels of a release together
    Rule("RW201", "wheels order the namespaces differently", _ERROR,
         "The order of namespaces of one wheel must be the beginning of that of the other (PEP 825), or "
         "which variant is better depends on who is asked.",
         "build all wheels from the same [variant] table"),
    Rule("RW202", "a label stands for different properties in two wheels", _ERROR,
         "A label is one set of properties in the whole release (PEP 825).",
         "build all wheels from the same [variant] table"),
    Rule("RW203", "wheels name different providers for a namespace", _ERROR,
         "A namespace has one provider in the whole release (PEP 850).",
         "build all wheels from the same [variant] table"),
    Rule("RW204", "two labels have equal properties", _ERROR,
         "Nothing but the alphabet decides between them, so one of them reaches nobody.",
         "drop one of the labels, or give it the property that sets it apart"),
    Rule("RW205", "two files are the same wheel", _ERROR,
         "They differ only in how name or version are written; indexes refuse the second, or installers "
         "choose by chance.",
         "remove one of them"),
    Rule("RW206", "the files spell the version differently", _WARNING,
         "1.0 and 1.0.0 are the same release; the index file can be named after one of them only.",
         "build all files with the same version"),
    Rule("RW211", "there is no plain wheel", _WARNING,
         "Tools that do not know variants find no wheel of the release. With a source distribution they "
         "build it, which few users can; without one they fail or take an older release.",
         "publish a plain wheel beside the variants: `rewheel build` makes one, `variant unmake` too"),
    Rule("RW212", "some machines get nothing", _WARNING,
         "Where no variant fits and there is neither a null variant nor a plain wheel nor a source "
         "distribution, installation fails.",
         "publish a null variant or a plain wheel for the platform"),
    Rule("RW213", "a label is missing on a platform or Python that its siblings have", _NOTE,
         "There, machines that would take the label get the next best one.",
         "build it, if the gap was not meant"),
    Rule("RW214", "no known machine would take a variant", _NOTE,
         "On every machine of our list another wheel is preferred or the properties are not supported.",
         "check order and spelling of its properties; `rewheel explain` tells of your own machine"),
    Rule("RW221", "the release has variants but no index file", _WARNING,
         "Indexes must list one (PEP 825); without it installers read a wheel of every label, which is slow "
         "and on some servers impossible.",
         "write it with `rewheel release index DIR`"),
    Rule("RW222", "the index file contradicts the wheels", _ERROR,
         "Installers choose by the index file and hold the chosen wheel against it; a wheel that differs is "
         "refused.",
         "write it again with `rewheel release index DIR --replace`"),
    Rule("RW223", "the index file lacks a label", _ERROR,
         "A wheel whose label is not listed is never chosen.",
         "write it again with `rewheel release index DIR`"),
    Rule("RW224", "the index file has labels of which there is no wheel", _NOTE,
         "Normal while a release is being uploaded; installers pass over them.",
         "upload the wheels, or write the file again with `--replace`"),
    Rule("RW225", "the index file is not valid", _ERROR,
         "Installers then ignore all variants of the release.",
         "write it again with `rewheel release index DIR --replace`"),
    Rule("RW226", "the index file is not named as its release asks", _WARNING,
         "It must be named like the wheels: name and version, then -variants.json.",
         "write it again with `rewheel release index DIR --replace`"),
    Rule("RW227", "the index file would lose what clients may rely on", _ERROR,
         "An index file may gain labels, and namespaces at the end of the order; lock files and caches rely "
         "on the rest (PEP 825).",
         "`--replace` allows the change, if nobody relies on the old index file"),
    Rule("RW228", "the index file is of no use", _WARNING,
         "No variant wheel of its release is here.",
         "remove it"),
    Rule("RW229", "the index file cannot say all that the wheels say", _WARNING,
         "What older dialects could express has no place in the standard.",
         "make the wheels again with `rewheel variant make --replace`"),
    Rule("RW231", "wheels of the release have different dependencies", _WARNING,
         "Resolvers read the dependencies of one wheel and take them for those of all; lock files then miss "
         "packages on other machines.",
         "list all dependencies in every wheel, with variant or environment markers"),
    Rule("RW232", "wheels of the release have different Requires-Python", _WARNING,
         "Resolvers take that of one wheel for that of the release.",
         "use the same requires-python for all"),
    Rule("RW233", "wheels of the release have different extras", _WARNING,
         "Whether an extra exists, or is a default one, then depends on which wheel a resolver happened to "
         "read.",
         "declare the same extras in all wheels"),
    Rule("RW234", "the source distribution has other static dependencies than the wheels", _WARNING,
         "Unless its metadata call them dynamic, tools take those of the source distribution for those of "
         "the wheels (PEP 643).",
         "declare the field as dynamic, or make them equal"),
    # The index that offers the release
    Rule("RW301", "the index lists a file without a strong hash", _WARNING,
         "Nobody can tell whether what arrives is what was uploaded.",
         "let the index list SHA-256 hashes"),
    Rule("RW302", "a file is not what the index says", _ERROR,
         "Hash or size differ, so installers refuse the file.",
         "let the index write its pages again"),
    Rule("RW303", "the index does not list the index file", _ERROR,
         "A page that lists variant wheels must list the index file of the release (PEP 825).",
         "upload it, or let the index write it: `rewheel release index` does for a folder"),
    Rule("RW304", "the index says more of the index file than it may", _WARNING,
         "It has a name, an address and hashes and nothing else (PEP 825); clients ignore the rest.",
         "let the index write its pages again"),
    Rule("RW305", "the server does not answer range requests", _WARNING,
         "Installers must download whole wheels to read their metadata.",
         "let the web server support ranges, or publish metadata files (PEP 658)"),
    Rule("RW306", "the index gives another Requires-Python than the file", _WARNING,
         "Installers go by the index, so they take files that do not fit or pass over ones that do.",
         "let the index write its pages again"),
    Rule("RW307", "the metadata file beside a wheel is not its METADATA", _ERROR,
         "Resolvers read the metadata file (PEP 658) and never learn that the wheel asks for something else.",
         "let the index write its metadata files again"),
)  # fmt: skip

RULES: Mapping[str, Rule] = {rule.code: rule for rule in _ALL}
"""By code, in their order."""
