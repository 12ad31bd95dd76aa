//! The words of the synthetic world: names, places, vehicles. Order is part of the output: only append.

pub(super) const MULHERES: &[&str] = &[
    "Maria",
    "Ana",
    "Antônia",
    "Conceição",
    "Luíza",
    "Márcia",
    "Fátima",
    "Júlia",
    "Patrícia",
    "Letícia",
    "Sônia",
    "Débora",
    "Vitória",
    "Helena",
    "Beatriz",
    "Cláudia",
    "Mônica",
    "Inês",
    "Rosângela",
    "Aparecida",
];

pub(super) const HOMENS: &[&str] = &[
    "José",
    "João",
    "Antônio",
    "Francisco",
    "Carlos",
    "Luís",
    "Márcio",
    "Fábio",
    "Sérgio",
    "Cláudio",
    "César",
    "Vinícius",
    "Flávio",
    "Mário",
    "Davi",
    "Otávio",
    "Rogério",
    "Júlio",
    "Ângelo",
    "Estêvão",
];

pub(super) const SOBRENOMES: &[&str] = &[
    "Silva",
    "Araújo",
    "Conceição",
    "Gonçalves",
    "Magalhães",
    "Simões",
    "Brandão",
    "Falcão",
    "Guimarães",
    "Assunção",
    "Souza",
    "Oliveira",
    "Pereira",
    "Lima",
    "Carvalho",
    "Ribeiro",
    "Mendonça",
    "Corrêa",
    "Sant'Anna",
    "Nóbrega",
    "Leão",
    "Queiroz",
    "Xavier",
    "Damião",
];

pub(super) const RAMOS: &[&str] =
    &["Transportes", "Comércio de Peças", "Confecções", "Alimentação", "Construções", "Serviços"];

pub(super) const PROFISSOES: &[&str] = &[
    "Mecânico",
    "Professora",
    "Motorista",
    "Autônomo",
    "Técnico em Eletrônica",
    "Comerciante",
    "Cabeleireira",
    "Auxiliar de Escritório",
    "Pedreiro",
    "Vendedor",
    "Enfermeira",
    "Caminhoneiro",
];

/// A city with its state, its DDD and the first digits of its CEPs.
pub(super) struct Lugar {
    pub cidade: &'static str,
    pub uf: &'static str,
    pub ddd: &'static str,
    pub cep: u64,
}

const fn l(cidade: &'static str, uf: &'static str, ddd: &'static str, cep: u64) -> Lugar {
    Lugar { cidade, uf, ddd, cep }
}

pub(super) const LUGARES: &[Lugar] = &[
    l("São Paulo", "SP", "11", 1_310),
    l("Campinas", "SP", "19", 13_010),
    l("Ribeirão Preto", "SP", "16", 14_010),
    l("Rio de Janeiro", "RJ", "21", 20_040),
    l("Niterói", "RJ", "21", 24_020),
    l("Belo Horizonte", "MG", "31", 30_130),
    l("Uberlândia", "MG", "34", 38_400),
    l("Vitória", "ES", "27", 29_010),
    l("Curitiba", "PR", "41", 80_010),
    l("Maringá", "PR", "44", 87_013),
    l("Florianópolis", "SC", "48", 88_010),
    l("Porto Alegre", "RS", "51", 90_010),
    l("Brasília", "DF", "61", 70_040),
    l("Goiânia", "GO", "62", 74_010),
    l("Cuiabá", "MT", "65", 78_005),
    l("Campo Grande", "MS", "67", 79_002),
    l("Salvador", "BA", "71", 40_020),
    l("Maceió", "AL", "82", 57_020),
    l("Recife", "PE", "81", 50_010),
    l("Fortaleza", "CE", "85", 60_025),
    l("São Luís", "MA", "98", 65_010),
    l("Belém", "PA", "91", 66_010),
    l("Manaus", "AM", "92", 69_005),
    l("Rio Branco", "AC", "68", 69_900),
];

pub(super) const RUAS: &[&str] = &[
    "Rua das Acácias",
    "Avenida São João",
    "Rua XV de Novembro",
    "Travessa do Comércio",
    "Alameda dos Ipês",
    "Rua Tupiniquim",
    "Avenida Brasil",
    "Praça da Matriz",
    "Rua Dom Pedro II",
    "Estrada do Sertão",
];

pub(super) const BAIRROS: &[&str] =
    &["Centro", "Jardim América", "Vila São José", "Boa Vista", "Santo Antônio", "Conjunto Esperança", "Glória"];

pub(super) const CORES: &[&str] = &["Prata", "Preto", "Branco", "Vermelho", "Cinza", "Azul"];

/// Make, model and `tipo_bem`.
pub(super) const VEICULOS: &[(&str, &str, &str)] = &[
    ("FIAT", "PALIO FIRE 1.0 8V FLEX", "AU"),
    ("VOLKSWAGEN", "GOL 1.6 MSI TOTALFLEX", "AU"),
    ("CHEVROLET", "ONIX 1.0 LT", "AU"),
    ("HYUNDAI", "HB20 1.0 COMFORT", "AU"),
    ("FORD", "KA SE 1.5 SEDÃ", "AU"),
    ("RENAULT", "SANDERO EXPRESSION 1.0", "AU"),
    ("TOYOTA", "COROLLA XEI 2.0", "AU"),
    ("HONDA", "CG 160 FAN", "MO"),
    ("YAMAHA", "FAZER YS 250", "MO"),
    ("MERCEDES-BENZ", "ACCELO 815", "CA"),
];
