"""Finds the names of people in what they write: said, in a greeting, behind a title, or as a signature."""

import re
from collections.abc import Iterable, Iterator

_CAPITAL = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪİĶĹĽŁŃŇŌŐŘŚŞŠŤŪŮŰŹŻŽΑ-ΩА-ЯЁЄІЇҐ"
_LETTER = r"[^\W\d_]"
_WORD = rf"(?:[{_CAPITAL}](?:{_LETTER}|['’-](?={_LETTER})){{1,30}}|[{_CAPITAL}]\.)"
_PARTICLE = r"(?:v[ao]n|de[nrlr]?|d[aiou]s?|la|le|bin|al|ter|te)"
_NAME = rf"(?P<name>{_WORD}(?:[ ](?:{_PARTICLE}[ ]){{0,2}}{_WORD}){{0,3}})"
_TITLE = (
    r"(?:(?:mrs?|ms|mx|dr|prof|herrn?|frau|monsieur|madame|mlle|mme|señor(?:a|ita)?|sra?|dona?|doña"
    r"|signora?|sig(?:\.ra|ra)?|dhr|mevr|meneer|mevrouw|heer|pani?|panie|господин|госпожа)\.?)"
)
_GREETING = (
    r"(?:hi|hello|hey|dear|good[ ](?:morning|afternoon|evening|day)|hallo|moin|servus"
    r"|guten[ ](?:tag|morgen|abend)|sehr[ ]geehrter?|lieber?|bonjour|bonsoir|salut|ch(?:er|ère)"
    r"|hola|buen[oa]s(?:[ ](?:días|tardes|noches))?|estimad[oa]|querid[oa]"
    r"|olá|oi|bo[am][ ](?:dia|tarde|noite)|prezad[oa]|car[oa]|ciao|buon(?:giorno|asera)"
    r"|salve|gentile|egregio|goede(?:morgen|middag|navond|ndag)|beste|geachte|dzień[ ]dobry|cześć|witam"
    r"|drog[ia]|szanown[ya]|здравствуйте|привет|добрый[ ]день|вітаю|merhaba|sayın)"
)
_IS_CALLED = (
    r"(?:ich[ ]hei(?:ß|ss)e|je[ ]m['’]appelle|me[ ]llamo|me[ ]chamo|chamo-me|mi[ ]chiamo|ik[ ]heet"
    r"|nazywam[ ]się|mam[ ]na[ ]imię|меня[ ]зовут|мене[ ]звати|jag[ ]heter|jeg[ ]he(?:dd|t)er"
    r"|jmenuji[ ]se|mă[ ]numesc)"
)
_NAME_IS = (
    r"(?:(?:my|his|her)[ ](?:\w{1,12}['’]s[ ])?(?:full[ ])?name(?:[ ]is|['’]s)"
    r"|mein[ ]name[ ](?:ist|lautet)|mon[ ]nom[ ]est|mi[ ]nombre[ ]es"
    r"|meu[ ]nome[ ]é|il[ ]mio[ ]nome[ ]è|mijn[ ]naam[ ]is|benim[ ]adım)"
)
_IN_NAME_OF = (
    r"(?:(?:in|under)[ ]the[ ]name(?:[ ]of)?|(?:auf|unter)[ ]de[nm][ ]Namen|(?:au|sous[ ]le)[ ]nom[ ]de"
    r"|a[ ]nom(?:br)?e[ ]d[ei]|em[ ]nome[ ]de|op[ ]naam[ ]van)"
)
_NO_NAME = (
    r"(?:not|no|still|now|on|in|at|by|the|an?|my|too|very|so|already|only|never|always|wrong|missing|spel\w+"
    r"|misspel\w+|in(?:correct|valid|complete)|different|changed|required|shown|displayed|listed|used|taken|cut"
    r"|correct|right|and|but|from|with|where|why|how|what|when|can|i|nicht|falsch\w*|noch|jetzt|zu|schon|immer"
    r"|und|aber|wo|wie|warum|wann|aus|pas|faux|trop|toujours|incorrecte?|et|mais|où|je|pourquoi|comment|mal"
    r"|incorrect[oa]|errad[oa]|demasiado|ya|de|y|pero|dónde|donde|e|ma|non|não|muito|troppo|sbagliato|mas|onde"
    r"|dove|niet|verkeerd|te|en|maar|waar|uit|nie|i|ale|gdzie|не|и|но|где"
    # Names that are otherwise, and what else becomes of them on a page or a label.
    r"|anders|seit|so|doppelt|leer|weg|plus|autrement|comme|coupé|effacé|(?:in)?visible|igual|diferente"
    r"|diversamente|così|sparito|scritto|exibido|zo|fout|verdwenen|inaczej|иначе|неправильно|hidden|public|private"
    r"|gone|lost|blank|empty|printed|deleted|removed|duplicated?|longer|short|wird|hat|est|está|aparece"
    r"|un(?:voll|gült|les|read|know)\w+|auf|bien|así|tak|déjà|già|já|już|largo|corto|please|pls|bitte|por)\b"
)
_TYPED_WORD = rf"(?!{_NO_NAME}){_LETTER}(?:{_LETTER}|['’-](?={_LETTER})){{1,30}}"
_TYPED = rf"(?P<name>{_TYPED_WORD}(?:[ ](?:{_PARTICLE}[ ]){{0,2}}{_TYPED_WORD})?)"
"""A name without capitals, one word or two."""
_IS_NAME = (
    r"(?:(?:i['’]m|i[ ]am)(?:[ ]called)?|this[ ]is|ich[ ]bin|hier[ ](?:ist|spricht)|je[ ]suis|soy"
    r"|sou(?:[ ][oa])?|sono|ik[ ]ben|jestem)"
)
_SIGNS_OFF = (
    r"(?:(?:kind|best|warm|many)?[ ]?(?:regards|wishes|greetings)|best|cheers|thanks|thank[ ]you"
    r"|yours(?:[ ]\w{1,12})?|sincerely|(?:mit[ ])?\w{0,15}[ ]?(?:grüßen?|grüssen?|gruß)|mfg|lg|vg|danke"
    r"|(?:bien[ ])?cordialement|merci|(?:un[ ])?saludos?|atentamente|gracias|atenciosamente"
    r"|abraços|obrigad[oa]"
    r"|(?:cordiali|distinti)?[ ]?saluti|grazie|(?:met[ ])?vriendelijke[ ]groet(?:en)?|groetjes|mvg|bedankt"
    r"|pozdrawiam|z[ ]poważaniem|dziękuję|с[ ]уважением|спасибо|з[ ]повагою|дякую|saygılarımla)"
)
_BEHIND = r"(?=[ ]?(?:[,.;!:)\n]|$)|[ ](?:from|here|again|with|von|de|und|and|et|y|e|i)\b)"
_BEHIND_TYPED = rf"(?=[ ]?(?:[,.;!?:)\n]|$)|[ ]{_NO_NAME})"
SAYING = (
    re.compile(rf"\b(?i:{_IS_CALLED}|{_NAME_IS}|{_IN_NAME_OF})[ ]{{1,3}}{_NAME}", re.MULTILINE),
    re.compile(rf"\b{_IS_CALLED}[ ]{{1,3}}{_TYPED}", re.IGNORECASE),
    re.compile(rf"\b{_NAME_IS}[ ]{{1,3}}{_TYPED}{_BEHIND_TYPED}", re.MULTILINE | re.IGNORECASE),
    re.compile(rf"\b(?i:{_IS_NAME})[ ]{_NAME}{_BEHIND}", re.MULTILINE),
    re.compile(
        rf"(?:^|[.!?][ ])[ \t>]{{0,9}}(?i:{_GREETING})[ ](?:(?i:{_TITLE})[ ]){{0,2}}{_NAME}{_BEHIND}",
        re.MULTILINE,
    ),
    # In capitals or not at all these are other words: "MS Excel", "a pan".
    re.compile(
        r"\b(?:Mrs?|Ms|Mx|Dr|Prof|Herrn?|Frau|[Mm]onsieur|[Mm]adame|Mme|Mlle|[Ss]eñor(?:a|ita)?|Sra?|Doña"
        rf"|[Ss]ignora?|Sig\.ra|Dhr|Mevr|[Mm]evrouw|Pani?)\.?[ ](?:(?i:{_TITLE})[ ])?{_NAME}",
        re.MULTILINE,
    ),
    re.compile(
        rf"^[ \t]{{0,9}}(?i:(?:(?:full|my)[ ]|vor|nach)?name|nom|nombre|nome|naam)[ ]?[:：][ ]{{1,3}}{_NAME}",
        re.MULTILINE,
    ),
    re.compile(rf"^[ \t]{{0,9}}(?i:{_SIGNS_OFF})[ ]?[,.!]?\s{{1,9}}{_NAME}[ \t.]{{0,3}}$", re.MULTILINE),
    re.compile(
        r"(?:我叫|我的名字(?:是|叫))[ ]?(?![错写不没空])(?P<name>[\u3400-\u9fff]{2,4}|[A-Za-z]{2,30})"
        r"(?=[，。,.！!；;\s]|$)"
    ),
    re.compile(r"(?:私は|名前は|^)?(?P<name>[\u3400-\u9fff\u30a0-\u30ff]{2,10})(?:と申します|といいます)"),
    re.compile(r"名前は[ ]?(?!どこ|どう|何|変|間違|違)(?P<name>[\u3040-\u9fff]{2,10}?)(?:です|。)"),
    re.compile(
        r"이름은[ ]?(?!어떻|어디|왜|변경|바꾸|잘못|다르|아직)"
        r"(?P<name>[\uac00-\ud7af]{2,5}?)(?:입니다|이에요|예요|이고|이며|[,. ]|$)"
    ),
    re.compile(
        r"(?<![\u0621-\u064a])[اإ]سمي[ ](?!غير|ليس|لا|لم|مكتوب|خطأ|خاطئ|ناقص|مختلف)"
        r"(?P<name>[\u0621-\u064a]{2,15}(?:[ ](?!و|في|من|أين|كيف|هل|لا|لم|ما|على)[\u0621-\u064a]{2,15})?)"
    ),
)
"""Where a name stands: said, in a greeting, behind a title, as a signature; in scripts without capitals."""
HONOURED = re.compile(
    r"(?<![お客皆様さ\u3400-\u9fff])(?!皆)[\u3400-\u9fff]{1,4}(?=さん|様|先生|女士|小姐)|[\u30a0-\u30ff]{2,10}(?=さん|様)"
)
GROUPS = frozenset({"Team", "Service", "Support", "Clienti"})
"""What follows the name of no person."""
NOBODY = frozenset(
    """
    Support Team Customer Service Customers Everyone Everybody All There Sir Madam Kunde Kunden Kundin
    Damen Herren Zusammen Leute Equipe Équipe Équipo Equipo Servicio Cliente Clientes Soporte Assistenza
    Supporto Suporte Obsługa Klient Kliencie Klantenservice Mesdames Messieurs I The We You Help Not Sorry
    Monsieur Madame Signora Signore Señor Señora Pessoal Tutti Student Regards Wishes
    Kundenservice Client World Atención Schön Beaucoup Again Advance
    American British English French German Italian Spanish Dutch Polish
    """.split()  # noqa: SIM905 (a list of sixty quoted words is no easier to read)
)
"""Whom a greeting may name that is no person, and what may stand where a name could."""
PARTICLES = frozenset("van von der den del des dos das the and ter bin".split())  # noqa: SIM905
WITHOUT_SPACES = re.compile("[\u3040-\u9fff\uac00-\ud7af]")


def names_said(texts: Iterable[str]) -> frozenset[str]:
    """Return the names by which people call themselves and each other in what they wrote."""
    return frozenset(name for text in texts for name in _names_in(text))


def words_of_names(names: Iterable[str]) -> frozenset[str]:
    """Return what to leave out of a text for these names: each whole, and its words but the small ones."""
    return frozenset(word for name in names for word in _words(" ".join(name.split())) if word)


def _names_in(text: str) -> Iterator[str]:
    for saying in SAYING:
        for found in saying.finditer(text):
            words = found["name"].split()
            if words[-1] not in GROUPS:
                yield " ".join(word for word in words if word.strip(".") not in NOBODY)


def _words(name: str) -> Iterator[str]:
    if len(name) > 2 or WITHOUT_SPACES.search(name):
        yield name
    for word in name.replace(".", " ").split():
        if len(word) > 2 and word.casefold() not in PARTICLES:
            yield word
