"""Masks credentials by the formats that their providers document: the table to add a provider to.

Lengths are below the documented ones, since formats grow and the beginnings say enough.
"""

import re

CREDENTIAL_MARK = "[credential]"
"""What stands in place of a credential, whichever way it was told."""
PROVIDERS = """
AWS        IQoJb3JpZ2lu FwoGZXIvYXdz FQoGZXIvYXdz FQoDYXdz AQoDYXdz ABSK bedrock-api-key- amzn.mws.
Google     AIza AQ.Ab GOCSPX- ya29. 1//0 4/0A
Clouds     dop_v1_ doo_v1_ dor_v1_ cfk_ cfut_ cfat_ fo1_ fm1a_ fm1r_ fm2_ HRKU- rnd_ sha256~ y0_ y1_ tk-us-
Databases  pscale_tkn_ pscale_pw_ pscale_oauth_ npg_ napi_ mdb_sa_sk_ sbp_ sb_secret_ sm_aat_ sm_pat_ sm_sat_
GitHub     ghp_ gho_ ghu_ ghs_ ghr_ github_pat_
GitLab     glpat- gldt- gloas- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- glsoat- glffct- GR1348941
Packages   npm_ pypi- dckr_pat_ dckr_oat_ rubygems_ CLOJARS_ AKCp cmVmd ATATT ATCTT ATBB ATSTT
Builds     CCIPAT_ CCIPRJ_ bkua_ sqa_ sqp_ squ_ pul- pnu_ pnb_ sgp_ PMAK- ico- s-s4t2ud- s-s4t2af-
Vaults     hvs. hvb. hvr. dp.pt. dp.st. dp.ct. dp.sa. ops_eyJ AGE-SECRET-KEY-1 tskey-
Models     sk-ant- sk-proj- sk-svcacct- sk-admin- sess- hf_ api_org_ gsk_ xai- pplx- r8_ csk- nvapi- pcsk_
Models     tvly- lsv2_
Mail       xkeysib- xsmtpsib- mlsn. dG9r
Payments   whsec_ sk-live- sk-test- sq0 rzp_live_ rzp_test_ access_token$ shippo_live_ shippo_test_
Shops      shpat_ shpca_ shppa_ shpss_ shptka_ shpua_ duffel_live_ duffel_test_
Work       ntn_ lin_api_ lin_oauth_ lin_wh_ figd_ figo_ figu_ CFPAT- tfp_ sl.u. secret_ rdme_ p8e- fio-u-
Watching   ddapp_ ddpat_ glsa_ glc_ eyJrIjoi NRAK- NRJS- NRII- NRAL- sntrys_ sntryu_ phx_ phs_ dt0c01. hcaik_
"""
"""A provider, and how its credentials begin; at least 16 characters that no word consists of follow."""
_BEGINNINGS = "|".join(re.escape(word) for line in PROVIDERS.splitlines() for word in line.split()[1:])
CREDENTIAL = re.compile(
    rf"""(?<![A-Za-z0-9])(?:
    (?:{_BEGINNINGS})(?=[A-Za-z_.%+/=$-]{{0,80}}(?:\d|[a-z][A-Z]|[a-z]{{30}}))[\w.%+/=$~-]{{16,}}(?<![.%/$~-])
  | (?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9]|DO00)[A-Z0-9]{{16}}\b           # AWS, DigitalOcean Spaces
  | (?<![/+=._-])(?=[a-z0-9/+]{{0,36}}[A-Z])(?=[A-Z0-9/+]{{0,36}}[a-z])(?=(?:[A-Za-z]{{0,38}}[\d/+]){{2}})
    (?=[A-Za-z/+]{{0,38}}\d)[A-Za-z0-9/+]{{40}}(?![A-Za-z0-9/+=._-])    # AWS secret access keys
  | [\w~.]{{3}}\dQ~[\w~.-]{{31,34}} | [A-Za-z0-9+/]{{86}}==            # Azure: client secrets, storage
  | [A-Za-z0-9]{{40,60}}JQQJ99[A-Za-z0-9]{{20,}} | [\w-]{{40,50}}AzFu[\w-]{{4,8}}={{0,2}}   # Azure: services
  | AAAA[\w-]{{7}}:[\w-]{{100,}} | v1\.0-[0-9a-f]{{24}}-[0-9a-f]{{100,}}     # Firebase, Cloudflare
  | sk[-_](?=(?:[A-Za-z_-]{{0,40}}\d){{2}})[\w-]{{20,}}                # OpenAI and those like it
  | (?:[spr]k_(?:live|test|prod)|ek_live)_[A-Za-z0-9]{{10,}}          # Stripe
  | (?:pi|seti|cs)_\w{{10,60}}_secret_[A-Za-z0-9]{{10,}} | FLWSECK(?:_TEST)?-[\w-]{{12,}}   # Flutterwave
  | (?:live|test)_(?=[A-Za-z]{{0,30}}\d)[A-Za-z0-9]{{30,}}             # Mollie
  | xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{{10,}} | xapp-\d-[A-Za-z0-9-]{{10,}} | xwfp-[\w-]{{10,}}  # Slack
  | (?:SK|dapi|dose|key-|pubkey-)[0-9a-fA-F]{{32}}\b                   # Twilio, Databricks, Mailgun
  | \d{{8,10}}:AA[\w-]{{32,34}}\b | [MNO][\w-]{{22,27}}\.[\w-]{{6}}\.[\w-]{{27,40}}   # Telegram, Discord
  | SG\.[\w=.-]{{60,}} | re_[A-Za-z0-9]{{8}}_\w{{20,}} | md-[\w-]{{22}}(?![\w-])   # SendGrid
  | [0-9a-f]{{32}}-(?:[0-9a-f]{{8}}-[0-9a-f]{{8}}|us\d{{1,2}})\b           # Mailgun, Mailchimp
  | EAA[A-Z][\w-]{{22,}} | \d{{15,16}}\|[\w-]{{27,40}}\b                # Square, Facebook
  | (?:nf[a-z]_|vc[a-z]_|EZ[AT]K|LTAI)\w{{20,}} | (?:cio|oy2)[A-Za-z0-9]{{30,}}   # Netlify, Vercel, NuGet
  | (?:pat-[a-z]{{2}}\d|sdk|mob|api|access-(?:sandbox|production))-[0-9a-f]{{8}}(?:-[0-9a-f]{{4,12}}){{4}}
  | \w{{6}}_\w{{29}}_mmk\b | 4b1d[A-Za-z0-9]{{38}}\b | API-[A-Z0-9]{{26}}\b   # MaxMind, ClickHouse, Octopus
  | [ps]at\.[\w-]{{22}}(?:\.[A-Za-z0-9]{{20,24}}){{2}} | s\.(?=[A-Za-z]{{0,23}}\d)[A-Za-z0-9]{{24}}\b
  | (?:sc|ext|scauth|authress)_[a-z0-9]{{5,30}}\.[a-z0-9]{{4,6}}\.acc[_-][\w.+/=-]{{40,}}
  | sl\.[\w=-]{{60,}} | [0-9a-f]{{36}}NRAL\b | A3(?:-[A-Z0-9]{{5,11}}){{4,6}}\b   # Dropbox, 1Password
  | pat[A-Za-z0-9]{{14}}\.[a-f0-9]{{64}} | [A-Za-z0-9]{{14}}\.atlasv1\.[\w=-]{{50,}}   # Airtable, Terraform
  | 00D[A-Za-z0-9]{{12,15}}![\w.]{{40,}} | [0-2]/\d{{10,20}}(?:/\d{{10,20}})?:[0-9a-f]{{32}}
  | (?<![_-])(?:[st]k\.)?eyJ[\w-]{{8,}}(?:\.[\w-]*){{0,4}}\.[\w-]{{8,}} | ZXlK[\w+/]{{40,}}   # JWT
    )""",
    re.VERBOSE | re.ASCII,
)
"""What is told by its beginning, and what by its shape."""
LONG_WORD = re.compile(r"[!-~]{18,}")
"""Only these can hold a credential, and prose has few."""


def mask_formats(text: str, _: str) -> str:
    """Return the text with what has the format of a provider's credential as `[credential]`."""
    return LONG_WORD.sub(lambda word: CREDENTIAL.sub(CREDENTIAL_MARK, word[0]), text)
