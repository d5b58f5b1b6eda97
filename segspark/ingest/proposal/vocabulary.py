"""Vocabulary: the words, squashed and mostly English or German, by which exports name tables, columns and values."""

from collections.abc import Mapping


def _each(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _split(table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {key: _each(names) for key, names in table.items()}


# Canonical column: what exports call it, the best name first.
_CALLED = {
    "customer_id": "customerid customerno customernumber customernr customer custid custno clientid clientno client "
    "userid userno user memberid memberno member accountid accountno account householdid household shopperid buyerid "
    "visitorid personid contactid kundenid kundennr kundenno kundennummer kundeid kunde kdnr mitgliedsnummer mitglied "
    "nutzerid benutzerid numeroclient codeclient idclient cliente idcliente",
    "event_id": "eventid eventuuid transactionid transaktionsid transaktionsnr buchungsid buchungsnr hitid messageid "
    "lineid positionsid belegid",
    "event_ts": "eventts eventtime eventdate timestamp ts occurredat purchasedat purchasedate orderedat orderdate "
    "ordertime transactiontimestamp transactiondate invoicedate saledate soldat visitedat clickedat sentat createdat "
    "createdon created datetime time date at zeitpunkt zeitstempel bestelltam bestelldatum bestellzeit kaufdatum "
    "verkaufsdatum buchungsdatum rechnungsdatum belegdatum erstelltam erstellt datum zeit fecha dateheure",
    "event_type": "eventtype eventname event type kind action activity what art typ ereignis ereignisart aktion "
    "vorgang belegart vorgangsart",
    "channel": "channel saleschannel kanal vertriebskanal shop store medium filiale",
    "session_id": "sessionid session visitid visit sitzung sitzungsid besuch",
    "order_id": "orderid orderno ordernumber ordernr order basketid basket cartid receiptid receiptno invoiceno "
    "invoiceid bestellid bestellnr bestellnummer bestellung auftragsnr auftragsnummer auftrag rechnungsnr "
    "rechnungsnummer belegnr belegnummer bonnr warenkorb",
    "product_id": "productid productno productcode sku ean gtin articleno articleid itemid itemno item product "
    "produktid produktnr produktnummer artikelid artikelnr artikelnummer artikelno artikel produkt article asin",
    "category": "category productcategory categoryname kategorie produktkategorie warengruppe department sortiment",
    "quantity": "quantity qty units pieces count menge anzahl stueck stk stueckzahl cantidad quantite",
    "amount": "amount total linetotal totalamount grandtotal totalprice paid price revenue sales salesvalue value "
    "netamount grossamount betrag gesamtbetrag summe gesamt preis gesamtpreis umsatz nettobetrag bruttobetrag importe "
    "montant",
    "discount": "discount discountamount rebate rabatt nachlass descuento remise",
    "campaign_id": "campaignid campaigncode campaign mailingid mailing newsletterid kampagnenid kampagne utmcampaign",
    "page_depth": "pagedepth scrolldepth scrolltiefe",
    "duration_seconds": "durationseconds duration dauer dauersekunden seconds sekunden",
    "rating": "rating score stars nps bewertung sterne note punkte",
    "text": "text comment review body message feedback kommentar bewertungstext freitext nachricht",
    "currency": "currency currencycode waehrung waehrungscode isocurrency",
    "updated_at": "updatedat updatedon lastmodified modifiedat lastupdate geaendertam geaendert aenderungsdatum",
    "valid_from": "validfrom gueltigab gueltigvon since seit consentedat grantedat",
    "brand": "brand marke hersteller manufacturer",
    "name": "name productname articlename title bezeichnung titel produktname artikelname artikelbezeichnung "
    "campaignname kampagnenname article artikel description beschreibung",
    "campaign_type": "campaigntype type kind art typ kampagnenart",
    "start_ts": "startts start startdate startsat startat beginn startdatum von begin",
    "end_ts": "endts end enddate endsat endat ende enddatum bis",
    "cost": "cost costs budget spend kosten",
    "feedback_id": "feedbackid reviewid ticketid ticketno surveyid responseid bewertungsid ticketnr",
    "feedback_ts": "feedbackts submittedat respondedat reviewedat reviewdate",
    "kind": "kind type art typ source",
    "purpose": "purpose consentpurpose consenttype zweck verwendungszweck einwilligungsart",
    "status": "status state consent consentstatus einwilligung zustimmung",
    "identifier_type": "identifiertype idtype typ type kind",
    "identifier": "identifier externalid value wert kennung",
}
CALLED = _split(_CALLED)
IDS = _each("customer_id event_id order_id product_id session_id campaign_id feedback_id")
FEW = _each("event_type channel currency campaign_type kind purpose status identifier_type")  # hold few distinct words

# Table: how words in the names of its files begin; the first table that fits is taken.
_HINTS = {
    "consents": "consent einwilligung optin permission zustimmung",
    "identity_links": "identity identities link crosswalk",
    "feedback": "feedback review survey umfrage bewertung ticket rezension nps",
    "events": "event order bestell transaction transaktion purchase kauf verkauf sale umsatz click visit session log "
    "basket invoice rechnung receipt newsletter pageview auftrag beleg",
    "campaigns": "campaign kampagne",
    "products": "product produkt article artikel item sku catalog katalog sortiment",
    "customers": "customer kunde client user member mitglied household crm contact nutzer demographic",
}
HINTS = _split(_HINTS)
# What feedback is, by how words in the file's name begin.
KINDS = _split({"review": "review rezension bewertung", "ticket": "ticket", "survey": "survey umfrage nps"})

# Of persons: parts of columns' names, whole names, and what a name that ends in "name" may begin with nevertheless.
PERSONAL_PARTS = _each(
    "email telefon phone vorname nachname firstname lastname surname fullname username anschrift adresse address "
    "strasse street iban kreditkart creditcard cardn loyaltycard kundenkarte geburt birth passport ausweis handy"
)
PERSONAL_NAMES = _each("mail emails tel fax mobil mobile name kundenname customername dob ssn ip card karte bic")
THINGS = _each(
    "product article artikel produkt item campaign kampagnen category kategorie brand event shop page file utmcampaign"
)
# Columns of free text, in which anybody may have written anything.
NOTES = _each("note notes notiz notizen bemerkung bemerkungen comment comments kommentar memo remark remarks text")

# Column: what exports say in it, squashed: the word that tables and checks go by.
_MEANT = {
    "event_type": {
        "purchase": "purchase sale sold order bought buy kauf verkauf bestellung umsatz",
        "return": "return returned refund refunded retoure rueckgabe gutschrift erstattung storno",
    },
    "status": {
        "granted": "granted yes y ja j true 1 optin erteilt",
        "denied": "denied no n nein false 0 abgelehnt",
        "withdrawn": "withdrawn revoked optout widerrufen",
    },
}
MEANS = {
    column: {said: word for word, others in meant.items() for said in others.split()}
    for column, meant in _MEANT.items()
}
